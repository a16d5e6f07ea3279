-- People who sign in, and what the dashboard looks things up by.

CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY,
    -- In lower case, by Rust's rules.
    folded_email TEXT NOT NULL UNIQUE,
    is_operator INTEGER NOT NULL,
    link_digest TEXT,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX people_by_link ON people (link_digest) WHERE link_digest IS NOT NULL;
CREATE INDEX operators ON people (id) WHERE is_operator = 1;

-- What else a person is found by: kind is `passkey` or `subject`.
CREATE TABLE person_names (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX person_names_by_person ON person_names (person_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- Both follow from the documents of organizations.
CREATE TABLE members (
    person_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    PRIMARY KEY (person_id, organization_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_organization ON members (organization_id);

CREATE TABLE invitations (
    digest TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_organization ON invitations (organization_id);

-- Whose secret is this? Asked by the leak desk alone.
CREATE TABLE secret_digests (
    digest TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (digest, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_digests_by_credential ON secret_digests (client_id);

INSERT INTO secret_digests (digest, client_id)
SELECT json_extract(secret.value, '$.digest'), client_id
FROM credentials, json_each(document, '$.secrets') AS secret;

-- Every tag in lower case, each between two line feeds.
ALTER TABLE credentials ADD COLUMN folded_tags TEXT NOT NULL DEFAULT '';

UPDATE credentials SET folded_tags = coalesce(
    (SELECT char(10) || group_concat(lower(tag.value), char(10)) || char(10)
     FROM json_each(document, '$.tags') AS tag), '');

CREATE INDEX credentials_by_creation ON credentials (organization_id, created_at, client_id);

ALTER TABLE audit ADD COLUMN actor_id TEXT;

UPDATE audit SET actor_id =
    coalesce(json_extract(actor, '$.person_id'), json_extract(actor, '$.client_id'));

CREATE INDEX audit_by_actor ON audit (actor_id, seq) WHERE actor_id IS NOT NULL;
