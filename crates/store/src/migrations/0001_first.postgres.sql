-- Rows are documents (docs/decisions/0002-rows-are-documents.md): `document` is what core's serde
-- writes; the other columns are there to be unique, to be searched or to be ordered by.
-- Times are milliseconds since the Unix epoch unless the name ends in _s.
--
-- What is ordered by sorts by bytes, as in SQLite and whatever the database's own collation is.
-- Every statement may be run again: some distributed databases do not roll back a schema.

-- One row. Whoever writes state locks it first, so all writers queue up here, and both logs are
-- numbered without gaps, in commit order.
CREATE TABLE IF NOT EXISTS installation (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    feed_seq BIGINT NOT NULL,
    audit_hash TEXT NOT NULL,
    longest_lifetime_s BIGINT NOT NULL,
    vault TEXT
);

INSERT INTO installation (id, seq, feed_seq, audit_hash, longest_lifetime_s)
VALUES (1, 0, 0, '', 0) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS organizations (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    status TEXT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS apis (
    id TEXT COLLATE "C" PRIMARY KEY,
    comparable_audience TEXT COLLATE "C" NOT NULL UNIQUE,
    document TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS rings (
    algorithm TEXT COLLATE "C" PRIMARY KEY,
    document TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS credentials (
    client_id TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    -- In lower case, by Rust's rules: every backend then finds the same names.
    folded_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_expiry_at BIGINT,
    document TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS credentials_by_organization
ON credentials (organization_id, client_id);
CREATE INDEX IF NOT EXISTS credentials_by_expiry ON credentials (next_expiry_at)
WHERE next_expiry_at IS NOT NULL;

-- `token` tells one transaction from all others: whoever lost the answer to a COMMIT looks here
-- whether it happened.
CREATE TABLE IF NOT EXISTS changes (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    token TEXT NOT NULL,
    document TEXT NOT NULL
);

-- The live set: one row per dead thing, the latest.
CREATE TABLE IF NOT EXISTS feed (
    identity TEXT COLLATE "C" PRIMARY KEY,
    feed_seq BIGINT NOT NULL UNIQUE,
    until_s BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS feed_by_until ON feed (until_s);

CREATE TABLE IF NOT EXISTS audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS audit_by_organization ON audit (organization_id, seq);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject, seq);

-- `api_id` is empty where the API never became clear: a key has no NULLs.
CREATE TABLE IF NOT EXISTS usage (
    client_id TEXT COLLATE "C" NOT NULL,
    hour BIGINT NOT NULL,
    secret BIGINT NOT NULL,
    api_id TEXT COLLATE "C" NOT NULL,
    ending TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_address TEXT,
    PRIMARY KEY (client_id, hour, secret, api_id, ending)
);

CREATE INDEX IF NOT EXISTS usage_by_hour ON usage (hour);

CREATE TABLE IF NOT EXISTS last_used (
    client_id TEXT COLLATE "C" NOT NULL,
    secret BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_address TEXT,
    PRIMARY KEY (client_id, secret)
);
