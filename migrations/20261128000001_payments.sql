-- Money: the ledger, invoices, payment systems, payments, refunds, saved cards, automatic payment.
--
-- Amounts are minor units of the row's currency. In the ledger debits are positive, and a customer's balance is what it owes.
-- ledger_transaction, ledger_posting, payment_transition and invoice_allocation are only ever appended to; for the first two
-- the store adds triggers that refuse anything else, whose text differs between the databases.

-- Roles of accounts from before there was money to see go on seeing none.
UPDATE access_role SET entries = CASE
    WHEN entries = '{}' THEN '{"billing":"forbidden"}'
    ELSE '{"billing":"forbidden",' || SUBSTR(entries, 2)
END WHERE audience = 'account' AND NOT built_in;

-- The ledger ---------------------------------------------------------------------------------------------------------

-- Numbers without gaps: taken in the transaction that uses them.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('invoice', 0);

-- Until where a customer may owe; without a row there is no limit (postpaid), or none to owe (prepaid).
CREATE TABLE customer_credit (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id),
    credit_limit BIGINT NOT NULL
);

-- The balance is the sum of the account's postings, kept in the transaction that writes them.
CREATE TABLE ledger_account (
    id TEXT PRIMARY KEY, -- kind:whose:currency
    kind TEXT NOT NULL,
    customer_id TEXT REFERENCES customer (id),
    system_id TEXT,
    currency TEXT NOT NULL,
    balance BIGINT NOT NULL,
    postings BIGINT NOT NULL
);
CREATE INDEX ledger_account_of_customer ON ledger_account (customer_id, id);

CREATE TABLE ledger_transaction (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL, -- what names the one event that it tells of
    kind TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL, -- what the customer's balance moves by
    balance BIGINT NOT NULL, -- what it is afterwards
    at BIGINT NOT NULL,
    text TEXT NOT NULL,
    invoice_id TEXT,
    payment_id TEXT,
    refund_id TEXT,
    actor TEXT NOT NULL,
    by_staff BOOLEAN NOT NULL,
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX ledger_transaction_key ON ledger_transaction (key);
CREATE INDEX ledger_transaction_of_customer ON ledger_transaction (customer_id, id, kind);
CREATE INDEX ledger_transaction_by_kind ON ledger_transaction (kind, id);
CREATE INDEX ledger_transaction_of_payment ON ledger_transaction (payment_id, kind);

CREATE TABLE ledger_posting (
    transaction_id TEXT NOT NULL REFERENCES ledger_transaction (id),
    account_id TEXT NOT NULL REFERENCES ledger_account (id),
    amount BIGINT NOT NULL,
    PRIMARY KEY (transaction_id, account_id)
);
CREATE INDEX ledger_posting_of_account ON ledger_posting (account_id, transaction_id);

-- Invoices -----------------------------------------------------------------------------------------------------------

CREATE TABLE invoice (
    id TEXT PRIMARY KEY, -- their order is that of the numbers
    number BIGINT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    token TEXT NOT NULL, -- what names the one request that it was issued for
    state TEXT NOT NULL,
    currency TEXT NOT NULL,
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    paid BIGINT NOT NULL, -- the sum of its allocations
    issued_at BIGINT NOT NULL,
    issued_on TEXT NOT NULL, -- YYYY-MM-DD where the customer is
    due_on TEXT NOT NULL,
    paid_at BIGINT,
    lines TEXT NOT NULL, -- JSON
    rates TEXT NOT NULL, -- JSON: the tax per rate
    note TEXT NOT NULL,
    search TEXT NOT NULL,
    UNIQUE (id, customer_id)
);
CREATE UNIQUE INDEX invoice_number ON invoice (number);
CREATE UNIQUE INDEX invoice_token ON invoice (customer_id, token);
CREATE INDEX invoice_of_customer ON invoice (customer_id, id, state, due_on);
CREATE INDEX invoice_of_customer_by_state ON invoice (customer_id, state, due_on);
CREATE INDEX invoice_by_state ON invoice (state, id, due_on);

-- Which money pays which invoice; a negative one takes it away again.
CREATE TABLE invoice_allocation (
    id TEXT PRIMARY KEY,
    invoice_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    payment_id TEXT, -- NULL: from the customer's credit
    amount BIGINT NOT NULL,
    at BIGINT NOT NULL,
    FOREIGN KEY (invoice_id, customer_id) REFERENCES invoice (id, customer_id)
);
CREATE INDEX invoice_allocation_of_invoice ON invoice_allocation (invoice_id, id);

-- Payment systems ----------------------------------------------------------------------------------------------------

CREATE TABLE payment_system (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    processor TEXT NOT NULL,
    test_mode BOOLEAN NOT NULL,
    currencies TEXT NOT NULL, -- codes, separated by spaces
    active BOOLEAN NOT NULL,
    public_key TEXT NOT NULL,
    credentials TEXT, -- encrypted, as hexadecimal digits; what is in it this crate does not know
    webhook_secrets TEXT, -- as well
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX payment_system_name_key ON payment_system (name_key);

-- Which active system takes what: one for each way to pay and currency, of which the primary key is the umpire.
CREATE TABLE payment_route (
    pay_by TEXT NOT NULL,
    currency TEXT NOT NULL,
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    PRIMARY KEY (pay_by, currency)
);
CREATE INDEX payment_route_of_system ON payment_route (system_id);

-- Saved cards --------------------------------------------------------------------------------------------------------

-- What a customer is called at a payment system.
CREATE TABLE payment_customer (
    customer_id TEXT NOT NULL REFERENCES customer (id),
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    reference TEXT NOT NULL,
    PRIMARY KEY (customer_id, system_id)
);

CREATE TABLE payment_method (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    reference TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    exp_month BIGINT,
    exp_year BIGINT,
    is_default BOOLEAN NOT NULL,
    usable BOOLEAN NOT NULL,
    removed BOOLEAN NOT NULL,
    proven_at BIGINT, -- when the customer first paid with it in person
    created_at BIGINT NOT NULL,
    UNIQUE (id, customer_id)
);
CREATE UNIQUE INDEX payment_method_reference ON payment_method (system_id, reference);
CREATE UNIQUE INDEX payment_method_default ON payment_method (customer_id) WHERE is_default;
CREATE INDEX payment_method_of_customer ON payment_method (customer_id, id);

CREATE TABLE payment_setup (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    token TEXT NOT NULL,
    reference TEXT,
    state TEXT NOT NULL,
    method_id TEXT,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (method_id, customer_id) REFERENCES payment_method (id, customer_id)
);
CREATE UNIQUE INDEX payment_setup_token ON payment_setup (customer_id, token);
CREATE UNIQUE INDEX payment_setup_reference ON payment_setup (system_id, reference);

-- Payments -----------------------------------------------------------------------------------------------------------

CREATE TABLE payment (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    token TEXT NOT NULL, -- what names the one form that it was begun with
    invoice_id TEXT, -- NULL: into the balance
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    refunded BIGINT NOT NULL,
    state TEXT NOT NULL,
    is_open BOOLEAN NOT NULL, -- the state is one of those that can become paid
    off_session BOOLEAN NOT NULL,
    save_method BOOLEAN NOT NULL,
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    method_id TEXT,
    card TEXT NOT NULL, -- what was paid with, in words; empty while it is not known
    reference TEXT, -- the processor's name for it
    failure_kind TEXT,
    failure_code TEXT NOT NULL,
    failure_message TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    payer_id TEXT, -- the account that began it
    created_at BIGINT NOT NULL,
    resumed_at BIGINT, -- when the customer took in hand what was begun without it
    observed_at BIGINT, -- when the processor was asked whose answer decided the state
    paid_at BIGINT,
    refunds_from BIGINT NOT NULL,
    sweep_at BIGINT, -- when the processor is asked about it; NULL: not any more
    search TEXT NOT NULL,
    UNIQUE (id, customer_id),
    FOREIGN KEY (invoice_id, customer_id) REFERENCES invoice (id, customer_id),
    FOREIGN KEY (method_id, customer_id) REFERENCES payment_method (id, customer_id),
    FOREIGN KEY (payer_id, customer_id) REFERENCES account (id, customer_id)
);
CREATE UNIQUE INDEX payment_token ON payment (customer_id, token);
CREATE UNIQUE INDEX payment_reference ON payment (system_id, reference);
-- An invoice has one payment under way, or two tabs would pay it twice.
CREATE UNIQUE INDEX payment_open ON payment (invoice_id) WHERE is_open;
CREATE INDEX payment_of_customer ON payment (customer_id, id, state);
CREATE INDEX payment_by_state ON payment (state, id);
CREATE INDEX payment_of_invoice ON payment (invoice_id, id);
CREATE INDEX payment_to_sweep ON payment (sweep_at) WHERE sweep_at IS NOT NULL;

CREATE TABLE payment_transition (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    from_state TEXT, -- NULL: when it was begun
    to_state TEXT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    by_staff BOOLEAN NOT NULL,
    failure_kind TEXT,
    failure_code TEXT NOT NULL,
    failure_message TEXT NOT NULL,
    FOREIGN KEY (payment_id, customer_id) REFERENCES payment (id, customer_id)
);
CREATE INDEX payment_transition_of ON payment_transition (payment_id, id);

CREATE TABLE refund (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    token TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    owed_again BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    reference TEXT,
    error TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sweep_at BIGINT, -- when the processor is asked about it; NULL: not any more
    FOREIGN KEY (payment_id, customer_id) REFERENCES payment (id, customer_id)
);
CREATE UNIQUE INDEX refund_token ON refund (payment_id, token);
CREATE INDEX refund_of_payment ON refund (payment_id, id);
CREATE INDEX refund_to_sweep ON refund (sweep_at) WHERE sweep_at IS NOT NULL;

-- What processors sent word of, so that what was done is not done again.
CREATE TABLE payment_event (
    system_id TEXT NOT NULL REFERENCES payment_system (id),
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    done_at BIGINT, -- NULL: whoever began it did not end it
    PRIMARY KEY (system_id, event_id)
);
CREATE INDEX payment_event_by_time ON payment_event (at);

-- Automatic payment --------------------------------------------------------------------------------------------------

CREATE TABLE auto_payment (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id),
    version BIGINT NOT NULL,
    on_invoice TEXT NOT NULL,
    threshold BIGINT,
    top_up BIGINT,
    state TEXT NOT NULL,
    reason TEXT NOT NULL, -- why it was turned off; empty if it was not
    failed_payment_id TEXT,
    since BIGINT NOT NULL
);
CREATE INDEX auto_payment_by_state ON auto_payment (state, on_invoice, customer_id);

-- Payments that are due to be made automatically.
CREATE TABLE auto_charge (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    cause TEXT NOT NULL, -- what names the one event that it follows from
    kind TEXT NOT NULL,
    invoice_id TEXT,
    amount BIGINT, -- NULL: what is open of the invoice
    currency TEXT NOT NULL,
    payment_id TEXT,
    state TEXT NOT NULL,
    failures BIGINT NOT NULL,
    claims BIGINT NOT NULL, -- how often somebody took it: who is late has another number
    due_at BIGINT NOT NULL, -- while somebody is at it, when he is taken for dead
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (invoice_id, customer_id) REFERENCES invoice (id, customer_id),
    FOREIGN KEY (payment_id, customer_id) REFERENCES payment (id, customer_id)
);
CREATE UNIQUE INDEX auto_charge_cause ON auto_charge (cause);
CREATE INDEX auto_charge_due ON auto_charge (state, due_at);
CREATE INDEX auto_charge_of_customer ON auto_charge (customer_id, state, due_at, id);
CREATE INDEX auto_charge_of_payment ON auto_charge (payment_id);
CREATE INDEX auto_charge_of_invoice ON auto_charge (invoice_id);
