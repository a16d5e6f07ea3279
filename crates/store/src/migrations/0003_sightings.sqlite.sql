-- Where credentials were used from, and by which libraries. Both are empty where nobody knows.

CREATE TABLE sightings (
    client_id TEXT NOT NULL,
    address TEXT NOT NULL,
    library TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, address, library)
) STRICT, WITHOUT ROWID;

CREATE INDEX sightings_by_last ON sightings (last_at);
