-- Notices: up to which event of the audit log has been told, and what is on its way to
-- webhooks and members.

CREATE TABLE told (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;

-- What happened before there were webhooks is told to nobody.
INSERT INTO told (id, seq) SELECT 1, seq FROM installation;

-- `due_at` is NULL once nothing is to be done any more. Whoever takes a delivery moves it on, so
-- that nobody else takes it, and whoever dies with it lets it become due again.
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL,
    target TEXT NOT NULL,
    notice_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    document TEXT NOT NULL,
    UNIQUE (target, notice_key)
) STRICT;

CREATE INDEX deliveries_by_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, number);
CREATE INDEX deliveries_by_age ON deliveries (created_at);

CREATE INDEX sightings_by_first ON sightings (first_at);

-- How many credentials of which status has an organization?
CREATE INDEX credentials_by_status ON credentials (organization_id, status);
