-- The log, its heads, and what is written in the same transaction as an append.
-- `ledger_id` is the first part of every key, so that one ledger lives on one node.

CREATE SCHEMA ledger;
CREATE SCHEMA projections;

CREATE TABLE ledger.events (
    ledger_id integer NOT NULL,
    originator_id text NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    position bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (ledger_id, originator_id, originator_version),
    UNIQUE (ledger_id, position)
);
ALTER TABLE ledger.events ALTER COLUMN state SET STORAGE EXTERNAL;

-- Everything but usage: what a process folds to know meters, customers and clocks.
CREATE INDEX events_catalog ON ledger.events (ledger_id, position)
    WHERE topic NOT LIKE 'usage.%';

-- One row a ledger: the last position, and the last position of an event other than usage.
CREATE TABLE ledger.heads (
    ledger_id integer PRIMARY KEY,
    position bigint NOT NULL,
    catalog_position bigint NOT NULL
) WITH (fillfactor = 10);

-- One row a meter event, for ever: its identifier can be recorded once.
CREATE TABLE ledger.usage_keys (
    ledger_id integer NOT NULL,
    ordinal integer NOT NULL,
    fingerprint bigint NOT NULL,
    position bigint NOT NULL,
    key uuid NOT NULL,
    PRIMARY KEY (ledger_id, key)
);

CREATE TABLE ledger.idempotency_keys (
    ledger_id integer NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    status integer,
    sealed_body bytea,
    PRIMARY KEY (ledger_id, key)
);
CREATE INDEX idempotency_keys_created ON ledger.idempotency_keys (created_at);

-- The key under which a customer's personal fields are sealed inside events. Deleting the row
-- forgets the person and leaves every event, amount and hash as it was.
CREATE TABLE ledger.customer_keys (
    ledger_id integer NOT NULL,
    customer_id text NOT NULL,
    key bytea NOT NULL,
    PRIMARY KEY (ledger_id, customer_id)
);

-- How far each projection has come in each ledger, and the event that stopped it, if one did.
CREATE TABLE projections.checkpoints (
    ledger_id integer NOT NULL,
    projection text NOT NULL,
    position bigint NOT NULL,
    stopped_at bigint,
    error text,
    PRIMARY KEY (ledger_id, projection)
);

-- Who runs a projection now, and until when, unless renewed.
CREATE TABLE projections.leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL
);
