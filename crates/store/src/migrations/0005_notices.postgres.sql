-- Notices: up to which event of the audit log has been told, and what is on its way to
-- webhooks and members.

-- `number` is that of the last delivery: numbers come from here, so that their order is that of
-- the transactions.
CREATE TABLE IF NOT EXISTS told (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL
);

-- What happened before there were webhooks is told to nobody.
INSERT INTO told (id, seq, number) SELECT 1, seq, 0 FROM installation ON CONFLICT DO NOTHING;

-- `due_at` is NULL once nothing is to be done any more. Whoever takes a delivery moves it on, so
-- that nobody else takes it, and whoever dies with it lets it become due again.
CREATE TABLE IF NOT EXISTS deliveries (
    number BIGINT PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    organization_id TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    notice_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT,
    document TEXT NOT NULL,
    UNIQUE (target, notice_key)
);

CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_by_organization ON deliveries (organization_id, number);
CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (created_at);

CREATE INDEX IF NOT EXISTS sightings_by_first ON sightings (first_at);

-- How many credentials of which status has an organization?
CREATE INDEX IF NOT EXISTS credentials_by_status ON credentials (organization_id, status);
