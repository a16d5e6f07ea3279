-- What each node said of itself last. Nothing is decided by it.
CREATE TABLE IF NOT EXISTS nodes (
    name TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    version TEXT NOT NULL,
    issuer TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    said_at BIGINT NOT NULL,
    every_s BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    PRIMARY KEY (name, address)
);
