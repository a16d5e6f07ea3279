-- What programs were answered when they asked to make something under a key of their own choice.
-- `answer` is NULL until there is one.
CREATE TABLE receipts (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    answer TEXT,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_age ON receipts (begun_at);
