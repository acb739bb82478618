-- The exchange: which public number rings where, which phones are registered, what is kept of calls and of their signalling.

-- Public numbers (E.164), each of one customer, ringing one of its accounts or huntgroups. They follow their holder to
-- another extension; with neither, the number is the customer's and rings nowhere.
CREATE TABLE public_number (
    id TEXT PRIMARY KEY, -- their order of creation: the customer's first is shown where an account has none of its own
    customer_id TEXT NOT NULL REFERENCES customer (id),
    number TEXT NOT NULL,
    account_id TEXT,
    huntgroup_id TEXT,
    search TEXT NOT NULL,
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id),
    FOREIGN KEY (huntgroup_id, customer_id) REFERENCES huntgroup (id, customer_id)
);
CREATE UNIQUE INDEX public_number_number ON public_number (number);
CREATE INDEX public_number_of_customer ON public_number (customer_id, id);
CREATE INDEX public_number_of_customer_by_number ON public_number (customer_id, number, id);
CREATE INDEX public_number_of_account ON public_number (account_id, id);
CREATE INDEX public_number_of_huntgroup ON public_number (huntgroup_id, id);

-- The contacts of phones (RFC 3261 §10), so that a restart of the exchange loses none.
CREATE TABLE registration (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    sip_user TEXT NOT NULL,
    contact TEXT NOT NULL, -- the URI at which the phone wants to be called
    instance TEXT NOT NULL, -- RFC 5626; empty if it said none
    path TEXT NOT NULL, -- RFC 3327; empty if there is none
    q BIGINT NOT NULL, -- thousandths
    transport TEXT NOT NULL,
    source TEXT NOT NULL, -- from where it registered
    local TEXT NOT NULL, -- where that arrived
    user_agent TEXT NOT NULL,
    call_id TEXT NOT NULL,
    cseq BIGINT NOT NULL,
    since BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    search TEXT NOT NULL,
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id)
);
CREATE UNIQUE INDEX registration_contact ON registration (account_id, contact);
CREATE INDEX registration_by_user ON registration (sip_user, id);
CREATE INDEX registration_of_customer ON registration (customer_id, id);
CREATE INDEX registration_of_customer_by_user ON registration (customer_id, sip_user, id);
CREATE INDEX registration_by_expiry ON registration (expires_at);

-- The detail records of calls. An id is of the moment at which the call began, so that their order is the order of calls.
CREATE TABLE xdr (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    direction TEXT NOT NULL,
    caller_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    caller_account_id TEXT,
    callee_number TEXT NOT NULL,
    callee_name TEXT NOT NULL,
    callee_account_id TEXT,
    dialled TEXT NOT NULL,
    huntgroup TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT, -- NULL: nobody answered
    ended_at BIGINT NOT NULL,
    cause TEXT NOT NULL,
    status BIGINT NOT NULL, -- SIP
    ended_by TEXT NOT NULL,
    caller_quality TEXT, -- JSON
    callee_quality TEXT, -- JSON
    search TEXT NOT NULL -- beside the words, each account that took part: @ and its id without hyphens
);
CREATE INDEX xdr_of_call ON xdr (call_id);
CREATE INDEX xdr_by_direction ON xdr (direction, id);
CREATE INDEX xdr_by_cause ON xdr (cause, id);
-- One index for all filters of a customer's list, which are decided inside it: an index each would make a thousand calls of a
-- thousand customers cost as many pages more.
CREATE INDEX xdr_of_customer ON xdr (customer_id, id, direction, cause, answered_at);

-- Calls that were answered and are not over: what is kept of one if the program ends without a word. A row goes when the
-- call's record comes.
CREATE TABLE open_call (
    xdr_id TEXT PRIMARY KEY,
    record TEXT NOT NULL, -- JSON
    alive_at BIGINT NOT NULL -- when it was last known to go on
);

-- The signalling of calls, without secrets, for some days.
CREATE TABLE sip_message (
    call_id TEXT NOT NULL,
    sequence BIGINT NOT NULL, -- within the call
    at BIGINT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    transport TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (call_id, sequence)
);
CREATE INDEX sip_message_by_time ON sip_message (at);
