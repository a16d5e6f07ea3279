-- Rows are documents (docs/decisions/0002-rows-are-documents.md): `document` is what core's serde
-- writes; the other columns are there to be unique, to be searched or to be ordered by.
-- Times are milliseconds since the Unix epoch unless the name ends in _s.

-- One row. Whoever writes state updates it first, so all writers queue up here, and both logs are
-- numbered without gaps, in commit order.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    feed_seq INTEGER NOT NULL,
    audit_hash TEXT NOT NULL,
    longest_lifetime_s INTEGER NOT NULL,
    vault TEXT
) STRICT;

INSERT INTO installation (id, seq, feed_seq, audit_hash, longest_lifetime_s)
VALUES (1, 0, 0, '', 0);

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE apis (
    id TEXT NOT NULL PRIMARY KEY,
    comparable_audience TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE rings (
    algorithm TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE credentials (
    client_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    -- In lower case, by Rust's rules: every backend then finds the same names.
    folded_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_expiry_at INTEGER,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX credentials_by_organization ON credentials (organization_id, client_id);
CREATE INDEX credentials_by_expiry ON credentials (next_expiry_at)
WHERE next_expiry_at IS NOT NULL;

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- The live set: one row per dead thing, the latest.
CREATE TABLE feed (
    identity TEXT NOT NULL PRIMARY KEY,
    feed_seq INTEGER NOT NULL UNIQUE,
    until_s INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX feed_by_until ON feed (until_s);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    organization_id TEXT,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_organization ON audit (organization_id, seq);
CREATE INDEX audit_by_subject ON audit (subject, seq);

-- `api_id` is empty where the API never became clear: a key has no NULLs.
CREATE TABLE usage (
    client_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    secret INTEGER NOT NULL,
    api_id TEXT NOT NULL,
    ending TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_address TEXT,
    PRIMARY KEY (client_id, hour, secret, api_id, ending)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_hour ON usage (hour);

CREATE TABLE last_used (
    client_id TEXT NOT NULL,
    secret INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_address TEXT,
    PRIMARY KEY (client_id, secret)
) STRICT, WITHOUT ROWID;
