-- What each node said of itself last. Nothing is decided by it.
CREATE TABLE nodes (
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    issuer TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    said_at INTEGER NOT NULL,
    every_s INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (name, address)
) STRICT, WITHOUT ROWID;
