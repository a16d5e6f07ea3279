//! The rows that concern people: what writes them with their index columns, and finding them. The
//! tables of members and invitations follow from the documents of organizations.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Organization, Person, PersonId, Session as SignedIn, Timestamp, opaque::OpaqueDigest,
    secret::Digest,
};
use tokio_postgres::Row;

use super::{
    PostgresStore, rows,
    session::{Step, Values, get, int, uint},
};
use crate::{
    People, PersonBy, SeenSession, StoreError,
    columns::{SEEN_EVERY_MS, client_id, name_of, storable},
    document,
};

#[async_trait]
impl People for PostgresStore {
    async fn find_person(&self, by: &PersonBy) -> Result<Option<Person>, StoreError> {
        let by_name = "SELECT id, document FROM person_names JOIN people ON people.id = person_id
             WHERE kind = $1 AND name = $2";
        match by {
            PersonBy::FoldedEmail(email) => {
                let sql = "SELECT id, document FROM people WHERE folded_email = $1";
                self.person(sql, &[&storable(email)]).await
            }
            PersonBy::Link(digest) => {
                let sql = "SELECT id, document FROM people WHERE link_digest = $1";
                self.person(sql, &[&digest.as_str()]).await
            }
            PersonBy::Passkey(id) => self.person(by_name, &[&"passkey", &storable(id)]).await,
            PersonBy::Subject(subject) => {
                self.person(by_name, &[&"subject", &name_of(subject)]).await
            }
        }
    }

    async fn people(&self, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
        let ids: Vec<&str> = ids.iter().map(PersonId::as_str).collect();
        let sql = "SELECT id, document FROM people WHERE id = ANY ($1)";
        Ok(rows::list(&self.session().await?, sql, &[&ids], "person").await?)
    }

    async fn operators(&self) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT id, document FROM people WHERE is_operator ORDER BY id";
        Ok(rows::list(&self.session().await?, sql, &[], "person").await?)
    }

    async fn organizations_of(&self, id: &PersonId) -> Result<Vec<Organization>, StoreError> {
        let sql = "SELECT organizations.id, document FROM members
             JOIN organizations ON organizations.id = organization_id
             WHERE person_id = $1 ORDER BY name";
        Ok(rows::list(&self.session().await?, sql, &[&id.as_str()], "organization").await?)
    }

    async fn inviting(&self, digest: &OpaqueDigest) -> Result<Option<Organization>, StoreError> {
        let sql = "SELECT organizations.id, document FROM invitations
             JOIN organizations ON organizations.id = organization_id WHERE digest = $1";
        let session = self.session().await?;
        Ok(rows::list(&session, sql, &[&digest.as_str()], "organization").await?.pop())
    }

    async fn session(&self, id: &OpaqueDigest) -> Result<Option<SeenSession>, StoreError> {
        let sql = "SELECT id, document, seen_at FROM sessions WHERE id = $1";
        Ok(self.session().await?.first(sql, &[&id.as_str()], seen).await?)
    }

    async fn sessions(&self, id: &PersonId) -> Result<Vec<SeenSession>, StoreError> {
        let sql = "SELECT id, document, seen_at FROM sessions WHERE person_id = $1
             ORDER BY seen_at DESC, id";
        Ok(self.session().await?.all(sql, &[&id.as_str()], seen).await?)
    }

    async fn see_session(&self, id: &OpaqueDigest, at: Timestamp) -> Result<(), StoreError> {
        let at = at.as_millis();
        let sql = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $3";
        let before = int(at.saturating_sub(SEEN_EVERY_MS));
        self.execute(sql, &[&id.as_str(), &int(at), &before]).await.map(drop)
    }

    async fn owners_of_secret(&self, digest: &Digest) -> Result<Vec<ClientId>, StoreError> {
        let sql = "SELECT client_id FROM secret_digests WHERE digest = $1 ORDER BY client_id";
        let read = |row: &Row| client_id(get(row, 0)?, "the owner");
        Ok(self.session().await?.all(sql, &[&String::from(*digest)], read).await?)
    }
}

impl PostgresStore {
    async fn person(&self, sql: &str, values: Values<'_>) -> Result<Option<Person>, StoreError> {
        Ok(rows::list(&self.session().await?, sql, values, "person").await?.pop())
    }
}

fn seen(row: &Row) -> Result<SeenSession, StoreError> {
    let session =
        document::read(get(row, 1)?, || format!("session {}", get(row, 0).unwrap_or("?")))?;
    Ok(SeenSession { session, seen_at: Timestamp::from_millis(uint(row, 2)?) })
}

/// Writes a person, and what else they are found by.
pub(super) fn put_person(person: &Person) -> Result<Vec<Step>, StoreError> {
    let id = || Box::new(person.id.to_string());
    let put = Step::new(
        "INSERT INTO people (id, folded_email, is_operator, link_digest, document)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET
            folded_email = excluded.folded_email, is_operator = excluded.is_operator,
            link_digest = excluded.link_digest, document = excluded.document",
        vec![
            id(),
            Box::new(person.email.folded()),
            Box::new(person.is_operator),
            Box::new(person.link.as_ref().map(|link| link.digest.as_str().to_owned())),
            Box::new(document::write(person, "a person")?),
        ],
    );
    let passkeys = person.passkeys.iter().map(|passkey| ("passkey", passkey.id.clone()));
    let subjects = person.subjects.iter().map(|subject| ("subject", name_of(subject)));
    let (kinds, names): (Vec<_>, Vec<_>) = passkeys.chain(subjects).unzip();
    let names = Step::new(
        "INSERT INTO person_names (kind, name, person_id)
         SELECT kind, name, $1::text FROM unnest($2::text[], $3::text[]) AS new (kind, name)",
        vec![id(), Box::new(kinds), Box::new(names)],
    );
    Ok(vec![
        put.unique("the e-mail address"),
        Step::new("DELETE FROM person_names WHERE person_id = $1", vec![id()]),
        names.unique("the passkey or account"),
    ])
}

/// Writes a session. When its person was seen stays as it is.
pub(super) fn put_session(session: &SignedIn) -> Result<Vec<Step>, StoreError> {
    Ok(vec![Step::new(
        "INSERT INTO sessions (id, person_id, ends_at, seen_at, document)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET
            ends_at = excluded.ends_at, document = excluded.document",
        vec![
            Box::new(session.id.as_str().to_owned()),
            Box::new(session.person_id.to_string()),
            Box::new(int(session.ends_at.as_millis())),
            Box::new(int(session.begun_at.as_millis())),
            Box::new(document::write(session, "a session")?),
        ],
    )])
}

/// Writes what an organization's document says of members and invitations.
pub(super) fn put_membership(organization: &Organization) -> [Step; 4] {
    let id = || Box::new(organization.id.to_string());
    let members = organization.members.iter().map(|one| one.person_id.to_string());
    let invitations = organization.invitations.iter().map(|one| one.digest.as_str().to_owned());
    [
        Step::new("DELETE FROM members WHERE organization_id = $1", vec![id()]),
        Step::new(
            "INSERT INTO members (organization_id, person_id)
             SELECT $1::text, unnest($2::text[])",
            vec![id(), Box::new(members.collect::<Vec<_>>())],
        ),
        Step::new("DELETE FROM invitations WHERE organization_id = $1", vec![id()]),
        Step::new(
            "INSERT INTO invitations (organization_id, digest)
             SELECT $1::text, unnest($2::text[])",
            vec![id(), Box::new(invitations.collect::<Vec<_>>())],
        ),
    ]
}
