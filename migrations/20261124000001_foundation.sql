-- The records of the foundation: who there is, what they may do, how they are set up, and what was changed.
--
-- One text for SQLite and PostgreSQL, so only what both know: TEXT, BIGINT, BOOLEAN. Times are Unix milliseconds. Ids are
-- UUIDv7 as text, so that their order is the order of time. TEXT compares by bytes on both (the store adds COLLATE "C" for
-- PostgreSQL when it runs this file). A column that ends in _key is what its list sorts by. `search` holds a record's
-- words, each after a space. Names of unique indices are table_column: the store tells by them which field is taken.

-- What the provider shares among customers ---------------------------------------------------------------------------

CREATE TABLE customer_class (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    built_in BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    notifications TEXT NOT NULL, -- keys, separated by spaces
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX customer_class_name_key ON customer_class (name_key);

CREATE TABLE access_role (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    built_in BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    audience TEXT NOT NULL,
    base TEXT NOT NULL,
    entries TEXT NOT NULL, -- JSON: path -> level
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX access_role_name_key ON access_role (name_key);
CREATE INDEX access_role_audience ON access_role (audience, id);

CREATE TABLE dialing_rule (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    built_in BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    spy_prefix TEXT NOT NULL,
    whisper_prefix TEXT NOT NULL,
    barge_in_prefix TEXT NOT NULL,
    spy_digit TEXT NOT NULL,
    whisper_digit TEXT NOT NULL,
    barge_in_digit TEXT NOT NULL,
    record_start TEXT NOT NULL,
    record_stop TEXT NOT NULL,
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX dialing_rule_name_key ON dialing_rule (name_key);

CREATE TABLE administrator (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT NOT NULL,
    role_id TEXT NOT NULL REFERENCES access_role (id),
    active BOOLEAN NOT NULL,
    search TEXT NOT NULL
);
CREATE INDEX administrator_by_name ON administrator (name_key, id);
CREATE INDEX administrator_by_role ON administrator (role_id);

-- Customers ----------------------------------------------------------------------------------------------------------

CREATE TABLE customer (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT NOT NULL,
    sip_prefix TEXT NOT NULL,
    currency TEXT NOT NULL,
    billing TEXT NOT NULL,
    class_id TEXT NOT NULL REFERENCES customer_class (id),
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    role_id TEXT NOT NULL REFERENCES access_role (id),
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX customer_name_key ON customer (name_key);
CREATE UNIQUE INDEX customer_sip_prefix ON customer (sip_prefix);
CREATE INDEX customer_by_name ON customer (name_key, id);
CREATE INDEX customer_by_status ON customer (status, id);
CREATE INDEX customer_by_status_and_name ON customer (status, name_key, id);
CREATE INDEX customer_by_class ON customer (class_id, id);
CREATE INDEX customer_by_class_and_name ON customer (class_id, name_key, id);
CREATE INDEX customer_by_class_and_status ON customer (class_id, status, id);
CREATE INDEX customer_by_role ON customer (role_id);

CREATE TABLE customer_dialing (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id),
    version BIGINT NOT NULL,
    mode TEXT NOT NULL,
    rule_id TEXT REFERENCES dialing_rule (id), -- NULL: the built-in one
    spy_prefix TEXT NOT NULL,
    whisper_prefix TEXT NOT NULL,
    barge_in_prefix TEXT NOT NULL,
    spy_digit TEXT NOT NULL,
    whisper_digit TEXT NOT NULL,
    barge_in_digit TEXT NOT NULL,
    record_start TEXT NOT NULL,
    record_stop TEXT NOT NULL
);
CREATE INDEX customer_dialing_by_rule ON customer_dialing (rule_id);

CREATE TABLE customer_setting (
    customer_id TEXT NOT NULL REFERENCES customer (id),
    setting TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (customer_id, setting)
);

-- Accounts -----------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    customer_key TEXT NOT NULL, -- the customer's name_key, so that the list by customer has an index
    status TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT NOT NULL,
    extension TEXT NOT NULL,
    extension_key TEXT NOT NULL, -- the length, then the digits: 99 sorts before 100
    expires_on TEXT,
    role_id TEXT NOT NULL REFERENCES access_role (id),
    dialing_rule_id TEXT REFERENCES dialing_rule (id), -- NULL: as the customer
    search TEXT NOT NULL,
    UNIQUE (id, customer_id) -- so that others can refer to an account together with its customer
);
CREATE INDEX account_by_extension ON account (extension_key, id);
CREATE INDEX account_by_name ON account (name_key, id);
CREATE INDEX account_by_customer ON account (customer_key, id);
CREATE INDEX account_by_status ON account (status, id);
CREATE INDEX account_by_status_and_extension ON account (status, extension_key, id);
CREATE INDEX account_by_status_and_name ON account (status, name_key, id);
CREATE INDEX account_by_status_and_customer ON account (status, customer_key, id);
CREATE INDEX account_of_customer_by_extension ON account (customer_id, extension_key, id);
CREATE INDEX account_of_customer_by_name ON account (customer_id, name_key, id);
CREATE INDEX account_of_customer_by_status ON account (customer_id, status, id);
CREATE INDEX account_by_role ON account (role_id);
CREATE INDEX account_by_rule ON account (dialing_rule_id);

CREATE TABLE account_setting (
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    setting TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account_id, setting),
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id)
);

-- How many accounts a customer has in each status, kept with every change, so that dashboards need not count.
CREATE TABLE account_tally (
    customer_id TEXT NOT NULL REFERENCES customer (id),
    status TEXT NOT NULL,
    accounts BIGINT NOT NULL,
    PRIMARY KEY (customer_id, status)
);

-- What a phone registers with: HA1 of RFC 8760 (SHA-256) and RFC 2617 (MD5), never the password.
CREATE TABLE sip_credential (
    account_id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    sip_user TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id)
);
CREATE UNIQUE INDEX sip_credential_sip_user ON sip_credential (sip_user);
CREATE INDEX sip_credential_of_customer ON sip_credential (customer_id);

-- Huntgroups ---------------------------------------------------------------------------------------------------------

CREATE TABLE huntgroup (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    strategy TEXT NOT NULL,
    ring_seconds BIGINT NOT NULL,
    search TEXT NOT NULL,
    UNIQUE (id, customer_id)
);
CREATE UNIQUE INDEX huntgroup_name_key ON huntgroup (customer_id, name_key);
CREATE INDEX huntgroup_of_customer_by_number ON huntgroup (customer_id, number_key, id);

CREATE TABLE huntgroup_member (
    huntgroup_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    place BIGINT NOT NULL, -- the members' order
    supervision_allowed BOOLEAN NOT NULL,
    never_supervise BOOLEAN NOT NULL,
    PRIMARY KEY (huntgroup_id, account_id),
    FOREIGN KEY (huntgroup_id, customer_id) REFERENCES huntgroup (id, customer_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id)
);
CREATE INDEX huntgroup_member_of_customer ON huntgroup_member (customer_id);
CREATE INDEX huntgroup_member_account ON huntgroup_member (account_id);

-- Who has which number inside a customer: accounts and huntgroups share one plan, and the primary key is its umpire.
CREATE TABLE extension (
    customer_id TEXT NOT NULL REFERENCES customer (id),
    number TEXT NOT NULL,
    account_id TEXT,
    huntgroup_id TEXT,
    PRIMARY KEY (customer_id, number),
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id),
    FOREIGN KEY (huntgroup_id, customer_id) REFERENCES huntgroup (id, customer_id)
);
CREATE UNIQUE INDEX extension_account ON extension (account_id);
CREATE UNIQUE INDEX extension_huntgroup ON extension (huntgroup_id);

-- Status, sign-in ----------------------------------------------------------------------------------------------------

CREATE TABLE status_change (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    account_id TEXT, -- NULL: the customer's own
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    by_staff BOOLEAN NOT NULL, -- the actor is one of the provider's staff, whose names customers are not told
    from_status TEXT, -- NULL: when it was made
    to_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    FOREIGN KEY (account_id, customer_id) REFERENCES account (id, customer_id)
);
CREATE INDEX status_change_of ON status_change (customer_id, account_id, id);

CREATE TABLE sign_in (
    name TEXT PRIMARY KEY,
    audience TEXT NOT NULL,
    person_id TEXT NOT NULL, -- an administrator, a customer or an account
    customer_id TEXT REFERENCES customer (id), -- NULL: an administrator
    password_hash TEXT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0 -- how often the person was shut out: sessions from before that have ended
);
CREATE UNIQUE INDEX sign_in_person_id ON sign_in (person_id);

-- Refused attempts to sign in, per name and per address.
CREATE TABLE sign_in_failure (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    told BOOLEAN NOT NULL DEFAULT FALSE -- whether the audit log knows of the wait that follows the last one
);
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);

CREATE TABLE session (
    id TEXT PRIMARY KEY,
    data TEXT NOT NULL, -- JSON
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);

-- Audit, search ------------------------------------------------------------------------------------------------------

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    by_staff BOOLEAN NOT NULL, -- the actor is one of the provider's staff, whose names customers are not told
    address TEXT NOT NULL,
    customer_id TEXT, -- NULL: the provider's own
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    subject_name TEXT NOT NULL,
    record_version BIGINT, -- the record's version after this change
    action TEXT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    search TEXT NOT NULL
);
CREATE INDEX audit_of_customer ON audit (customer_id, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX audit_of_record ON audit (subject_id, id);
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_actor_and_subject ON audit (actor, subject, id);

-- Which records have a word: what a search begins with.
CREATE TABLE search_word (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (kind, word, record_id)
);

-- Rows that transactions touch in order to follow each other where no unique index can be the umpire.
CREATE TABLE turn (
    name TEXT PRIMARY KEY,
    taken BIGINT NOT NULL
);
INSERT INTO turn (name, taken) VALUES ('administrators', 0);
