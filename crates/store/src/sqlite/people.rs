//! The rows that concern people: writing them with their index columns, and finding them. The
//! tables of members and invitations follow from the documents of organizations.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Organization, Person, PersonId, Session, Timestamp, opaque::OpaqueDigest,
    secret::Digest,
};
use rusqlite::{Params, Row, params};

use super::{
    SqliteStore, rows,
    session::{Session as Connection, int, uint},
};
use crate::{
    People, PersonBy, SeenSession, StoreError,
    columns::{SEEN_EVERY_MS, client_id, name_of},
    document,
};

#[async_trait]
impl People for SqliteStore {
    async fn find_person(&self, by: &PersonBy) -> Result<Option<Person>, StoreError> {
        let by = by.clone();
        self.readers.run(move |connection| find(connection, &by)).await
    }

    async fn people(&self, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
        let ids = document::write(&ids, "a list of ids")?;
        let sql = "SELECT id, document FROM people WHERE id IN (SELECT value FROM json_each(?1))";
        self.readers.run(move |connection| connection.all(sql, [&ids], person)).await
    }

    async fn operators(&self) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT id, document FROM people WHERE is_operator = 1 ORDER BY id";
        self.readers.run(move |connection| connection.all(sql, [], person)).await
    }

    async fn organizations_of(&self, id: &PersonId) -> Result<Vec<Organization>, StoreError> {
        let id = id.clone();
        let sql = "SELECT organizations.id, document FROM members
             JOIN organizations ON organizations.id = organization_id
             WHERE person_id = ?1 ORDER BY name";
        let read =
            move |connection: &_| rows::list_with(connection, sql, [id.as_str()], "organization");
        self.readers.run(read).await
    }

    async fn inviting(&self, digest: &OpaqueDigest) -> Result<Option<Organization>, StoreError> {
        let digest = digest.clone();
        let sql = "SELECT organizations.id, document FROM invitations
             JOIN organizations ON organizations.id = organization_id WHERE digest = ?1";
        let read = move |connection: &_| {
            rows::list_with(connection, sql, [digest.as_str()], "organization")
        };
        Ok(self.readers.run(read).await?.pop())
    }

    async fn session(&self, id: &OpaqueDigest) -> Result<Option<SeenSession>, StoreError> {
        let id = id.clone();
        let sql = "SELECT id, document, seen_at FROM sessions WHERE id = ?1";
        self.readers.run(move |connection| connection.first(sql, [id.as_str()], seen)).await
    }

    async fn sessions(&self, id: &PersonId) -> Result<Vec<SeenSession>, StoreError> {
        let id = id.clone();
        let sql = "SELECT id, document, seen_at FROM sessions WHERE person_id = ?1
             ORDER BY seen_at DESC, id";
        self.readers.run(move |connection| connection.all(sql, [id.as_str()], seen)).await
    }

    async fn see_session(&self, id: &OpaqueDigest, at: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        let before = Timestamp::from_millis(at.as_millis().saturating_sub(SEEN_EVERY_MS));
        let note = move |connection: &Connection| {
            let sql = "UPDATE sessions SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?3";
            let params = params![id.as_str(), int(at.as_millis()), int(before.as_millis())];
            connection.execute(sql, params).map(|_| ())
        };
        self.writer.run(note).await
    }

    async fn owners_of_secret(&self, digest: &Digest) -> Result<Vec<ClientId>, StoreError> {
        let digest = String::from(*digest);
        let sql = "SELECT client_id FROM secret_digests WHERE digest = ?1 ORDER BY client_id";
        let read = |row: &Row<'_>| client_id(&row.get::<_, String>(0)?, "the owner");
        self.readers.run(move |connection| connection.all(sql, [&digest], read)).await
    }
}

fn find(connection: &Connection, by: &PersonBy) -> Result<Option<Person>, StoreError> {
    let by_name = "SELECT id, document FROM person_names JOIN people ON people.id = person_id
         WHERE kind = ?1 AND name = ?2";
    let one = |sql: &str, params: [&str; 1]| connection.first(sql, params, person);
    match by {
        PersonBy::FoldedEmail(email) => {
            one("SELECT id, document FROM people WHERE folded_email = ?1", [email])
        }
        PersonBy::Link(digest) => {
            one("SELECT id, document FROM people WHERE link_digest = ?1", [digest.as_str()])
        }
        PersonBy::Passkey(id) => connection.first(by_name, ["passkey", id], person),
        PersonBy::Subject(subject) => {
            connection.first(by_name, ["subject", &name_of(subject)], person)
        }
    }
}

fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    let id = row.get::<_, String>(0)?;
    document::read(&row.get::<_, String>(1)?, || format!("person {id}"))
}

fn seen(row: &Row<'_>) -> Result<SeenSession, StoreError> {
    let id = row.get::<_, String>(0)?;
    let session = document::read(&row.get::<_, String>(1)?, || format!("session {id}"))?;
    Ok(SeenSession { session, seen_at: Timestamp::from_millis(uint(row, 2)?) })
}

/// Writes a person, and what else they are found by.
pub(super) fn put_person(connection: &Connection, person: &Person) -> Result<(), StoreError> {
    rows::unique(
        connection,
        "the e-mail address",
        "INSERT INTO people (id, folded_email, is_operator, link_digest, document)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET
            folded_email = excluded.folded_email, is_operator = excluded.is_operator,
            link_digest = excluded.link_digest, document = excluded.document",
        params![
            person.id.as_str(),
            person.email.folded(),
            person.is_operator,
            person.link.as_ref().map(|link| link.digest.as_str()),
            document::write(person, "a person")?,
        ],
    )?;
    let id = person.id.as_str();
    connection.execute("DELETE FROM person_names WHERE person_id = ?1", [id])?;
    let passkeys = person.passkeys.iter().map(|passkey| ("passkey", passkey.id.clone()));
    let subjects = person.subjects.iter().map(|subject| ("subject", name_of(subject)));
    for (kind, name) in passkeys.chain(subjects) {
        let sql = "INSERT INTO person_names (kind, name, person_id) VALUES (?1, ?2, ?3)";
        rows::unique(connection, "the passkey or account", sql, [kind, &name, id])?;
    }
    Ok(())
}

/// Writes a session. When its person was seen stays as it is.
pub(super) fn put_session(connection: &Connection, session: &Session) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (id, person_id, ends_at, seen_at, document)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET
            ends_at = excluded.ends_at, document = excluded.document";
    let params = params![
        session.id.as_str(),
        session.person_id.as_str(),
        int(session.ends_at.as_millis()),
        int(session.begun_at.as_millis()),
        document::write(session, "a session")?,
    ];
    connection.execute(sql, params).map(|_| ())
}

/// Writes what an organization's document says of members and invitations.
pub(super) fn put_membership(
    connection: &Connection,
    organization: &Organization,
) -> Result<(), StoreError> {
    let id = organization.id.as_str();
    replace(connection, "members", id, |insert| {
        let sql = "INSERT INTO members (organization_id, person_id) VALUES (?1, ?2)";
        organization.members.iter().try_for_each(|one| insert(sql, [id, one.person_id.as_str()]))
    })?;
    replace(connection, "invitations", id, |insert| {
        let sql = "INSERT INTO invitations (organization_id, digest) VALUES (?1, ?2)";
        organization.invitations.iter().try_for_each(|one| insert(sql, [id, one.digest.as_str()]))
    })
}

type Insert<'a> = &'a dyn Fn(&str, [&str; 2]) -> Result<(), StoreError>;

fn replace(
    connection: &Connection,
    table: &str,
    id: &str,
    fill: impl FnOnce(Insert<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    connection.execute(&format!("DELETE FROM {table} WHERE organization_id = ?1"), [id])?;
    fill(&|sql, params| execute(connection, sql, params))
}

fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<(), StoreError> {
    connection.execute(sql, params).map(|_| ())
}
