-- What programs were answered when they asked to make something under a key of their own choice.
-- `answer` is NULL until there is one.
CREATE TABLE IF NOT EXISTS receipts (
    owner TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    answer TEXT,
    PRIMARY KEY (owner, key)
);

CREATE INDEX IF NOT EXISTS receipts_by_age ON receipts (begun_at);
