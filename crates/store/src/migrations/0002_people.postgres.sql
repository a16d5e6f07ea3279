-- People who sign in, and what the dashboard looks things up by.

CREATE TABLE IF NOT EXISTS people (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- In lower case, by Rust's rules.
    folded_email TEXT COLLATE "C" NOT NULL UNIQUE,
    is_operator BOOLEAN NOT NULL,
    link_digest TEXT,
    document TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS people_by_link ON people (link_digest) WHERE link_digest IS NOT NULL;
CREATE INDEX IF NOT EXISTS operators ON people (id) WHERE is_operator;

-- What else a person is found by: kind is `passkey` or `subject`.
CREATE TABLE IF NOT EXISTS person_names (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE INDEX IF NOT EXISTS person_names_by_person ON person_names (person_id);

CREATE TABLE IF NOT EXISTS sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL,
    ends_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS sessions_by_person ON sessions (person_id);
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (ends_at);

-- Both follow from the documents of organizations.
CREATE TABLE IF NOT EXISTS members (
    person_id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person_id, organization_id)
);

CREATE INDEX IF NOT EXISTS members_by_organization ON members (organization_id);

CREATE TABLE IF NOT EXISTS invitations (
    digest TEXT PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL
);

CREATE INDEX IF NOT EXISTS invitations_by_organization ON invitations (organization_id);

-- Whose secret is this? Asked by the leak desk alone.
CREATE TABLE IF NOT EXISTS secret_digests (
    digest TEXT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (digest, client_id)
);

CREATE INDEX IF NOT EXISTS secret_digests_by_credential ON secret_digests (client_id);

-- Every tag in lower case, each between two line feeds. No database of this kind is older than
-- these columns, so there is nothing to fill in.
ALTER TABLE credentials ADD COLUMN IF NOT EXISTS folded_tags TEXT NOT NULL DEFAULT '';

CREATE INDEX IF NOT EXISTS credentials_by_creation
ON credentials (organization_id, created_at, client_id);

ALTER TABLE audit ADD COLUMN IF NOT EXISTS actor_id TEXT COLLATE "C";

CREATE INDEX IF NOT EXISTS audit_by_actor ON audit (actor_id, seq) WHERE actor_id IS NOT NULL;
