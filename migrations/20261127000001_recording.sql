-- Call recordings, how long they are kept, and the outbox of e-mails.

-- Days after which a class's recordings are deleted; NULL: when somebody deletes them.
ALTER TABLE customer_class ADD COLUMN recordings_kept_days BIGINT;

-- A recording whose sound is in the object store. An id is of the moment at which it began, so that the order of ids is the
-- order of time.
CREATE TABLE recording (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    account_id TEXT NOT NULL, -- who recorded
    account_only BOOLEAN NOT NULL,
    call_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    caller_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    caller_account_id TEXT,
    callee_number TEXT NOT NULL,
    callee_name TEXT NOT NULL,
    callee_account_id TEXT,
    huntgroup TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    length_ms BIGINT NOT NULL, -- of the sound
    segments TEXT NOT NULL, -- JSON
    marks TEXT NOT NULL, -- JSON
    wav_octets BIGINT NOT NULL,
    opus_octets BIGINT NOT NULL,
    search TEXT NOT NULL -- beside the words: each word of the caller behind a <, of the callee behind a >, and behind an @ each
    -- account that may see it: the one that recorded, and those that took part unless it is for the former only
);
-- What a customer's list shows, and what one customer's part of the staff's list does. The former's filters are decided inside
-- the index: recordings of one customer lie far from each other.
CREATE INDEX recording_of_customer ON recording (customer_id, account_only, id, length_ms, search);
CREATE INDEX recording_by_customer ON recording (customer_id, id, length_ms);
CREATE INDEX recording_in_order ON recording (id, length_ms);
-- The few that are very long or very short.
CREATE INDEX recording_of_customer_by_length ON recording (customer_id, account_only, length_ms, id);
CREATE INDEX recording_by_length ON recording (length_ms, id);
CREATE INDEX recording_of_call ON recording (call_id);

-- What is to be deleted from the object store: written with the deletion of the row, gone when the objects are.
CREATE TABLE recording_deletion (
    object TEXT PRIMARY KEY, -- the object's name without its ending
    since BIGINT NOT NULL -- or when it was tried last
);
CREATE INDEX recording_deletion_by_time ON recording_deletion (since, object);

-- E-mails, written in the transaction that causes them.
CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    cause TEXT NOT NULL, -- what names the one event that it tells about: no event is told twice
    kind TEXT NOT NULL,
    customer_id TEXT REFERENCES customer (id),
    account_id TEXT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_body TEXT NOT NULL,
    html_body TEXT NOT NULL,
    recording_id TEXT, -- whose sound is attached
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL, -- when it is tried next; while it is being sent, when whoever sends it is taken for dead
    error TEXT NOT NULL, -- of the last attempt
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX mail_cause ON mail (cause);
CREATE INDEX mail_due ON mail (state, due_at);
CREATE INDEX mail_by_state ON mail (state, id);
CREATE INDEX mail_of_account ON mail (account_id, id);
CREATE INDEX mail_of_customer ON mail (customer_id, id, state, kind);
