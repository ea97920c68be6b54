-- Versions of read models beside the live ones: being built, built, or replaced and kept.
CREATE TABLE projections.builds (
    projection text NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    shape text NOT NULL,
    began_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    error text
);
CREATE UNIQUE INDEX builds_of_all_ledgers ON projections.builds (projection, side);

-- How far each has come in each ledger; written together with its rows.
CREATE TABLE projections.build_positions (
    ledger_id integer NOT NULL,
    projection text NOT NULL,
    side text NOT NULL,
    position bigint NOT NULL,
    records bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (ledger_id, projection, side)
);

-- What the live rows of a ledger were found to be when they were compared last.
CREATE TABLE projections.digests (
    ledger_id integer NOT NULL,
    projection text NOT NULL,
    table_name text NOT NULL,
    position bigint NOT NULL,
    rows bigint NOT NULL,
    digest text NOT NULL,
    is_equal boolean NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (ledger_id, projection, table_name)
);

-- When a projection moved last, and how many events a second it applied since it moved before.
ALTER TABLE projections.checkpoints ADD COLUMN moved_at timestamptz, ADD COLUMN rate bigint;
