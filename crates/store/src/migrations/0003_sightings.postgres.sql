-- Where credentials were used from, and by which libraries. Both are empty where nobody knows.

CREATE TABLE IF NOT EXISTS sightings (
    client_id TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    library TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, address, library)
);

CREATE INDEX IF NOT EXISTS sightings_by_last ON sightings (last_at);
