//! Rows as the documents they are: reading, writing and removing one by its key, and listing the
//! kinds of which there are few. Index columns are always computed from the document here.

use hallpass_core::{
    Api, Conflict, Credential, Image, Installation, Organization, change::Key, ring::Ring,
};
use rusqlite::{Params, params};
use serde::de::DeserializeOwned;

use super::{
    people,
    session::{Session, int, is_unique_violation, uint},
};
use crate::{
    StoreError,
    columns::{folded_tags, id, own_digests, status, table},
    document, ledger,
};

/// One row as it is.
pub(super) fn image(session: &Session, key: &Key) -> Result<Option<Image>, StoreError> {
    Ok(match key {
        Key::Organization(_) => one(session, key)?.map(Image::Organization),
        Key::Api(_) => one(session, key)?.map(Image::Api),
        Key::Credential(_) => one(session, key)?.map(Image::Credential),
        Key::Ring(_) => one(session, key)?.map(Image::Ring),
        Key::Person(_) => one(session, key)?.map(Image::Person),
        Key::Session(_) => one(session, key)?.map(Image::Session),
        Key::Vault => installation(session)?.vault.map(Image::Vault),
    })
}

fn one<T: DeserializeOwned>(session: &Session, key: &Key) -> Result<Option<T>, StoreError> {
    let ((table, column), id) = (table(key), id(key));
    let sql = format!("SELECT document FROM {table} WHERE {column} = ?1");
    session.first(&sql, [&id], |row| {
        document::read(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, || {
            format!("{} {id}", ledger::kind(key))
        })
    })
}

/// Whether the row is there.
pub(super) fn exists(session: &Session, key: &Key) -> Result<bool, StoreError> {
    let (table, column) = table(key);
    let sql = format!("SELECT 1 FROM {table} WHERE {column} = ?1");
    Ok(session.first(&sql, [id(key)], |_| Ok(()))?.is_some())
}

/// Writes a row, over the one that is there. The vault is written with the installation's row.
pub(super) fn put(session: &Session, image: &Image) -> Result<(), StoreError> {
    match image {
        Image::Organization(organization) => put_organization(session, organization),
        Image::Api(api) => put_api(session, api),
        Image::Credential(credential) => put_credential(session, credential),
        Image::Ring(ring) => {
            let sql = "INSERT INTO rings (algorithm, document) VALUES (?1, ?2)
                 ON CONFLICT (algorithm) DO UPDATE SET document = excluded.document";
            let document = document::write(ring, "a key ring")?;
            session.execute(sql, params![ring.algorithm.to_string(), document]).map(|_| ())
        }
        Image::Person(person) => people::put_person(session, person),
        Image::Session(one) => people::put_session(session, one),
        Image::Vault(_) => Ok(()),
    }
}

fn put_organization(session: &Session, organization: &Organization) -> Result<(), StoreError> {
    unique(
        session,
        "the name",
        "INSERT INTO organizations (id, name, status, document) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, status = excluded.status, document = excluded.document",
        params![
            organization.id.as_str(),
            organization.name.as_str(),
            status(organization),
            document::write(organization, "an organization")?,
        ],
    )?;
    people::put_membership(session, organization)
}

fn put_api(session: &Session, api: &Api) -> Result<(), StoreError> {
    unique(
        session,
        "the audience",
        "INSERT INTO apis (id, comparable_audience, document) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET
            comparable_audience = excluded.comparable_audience, document = excluded.document",
        params![api.id.as_str(), api.audience.comparable(), document::write(api, "an API")?],
    )
}

/// Runs a statement; `what` is taken if a value that must be unique is.
pub(super) fn unique(
    session: &Session,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<(), StoreError> {
    match session.try_execute(sql, params) {
        Err(error) if is_unique_violation(&error) => Err(Conflict::Taken(what).into()),
        other => Ok(other.map(|_| ())?),
    }
}

fn put_credential(session: &Session, credential: &Credential) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO credentials
            (client_id, organization_id, status, folded_name, created_at, next_expiry_at, document,
             folded_tags)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (client_id) DO UPDATE SET
            organization_id = excluded.organization_id, status = excluded.status,
            folded_name = excluded.folded_name, created_at = excluded.created_at,
            next_expiry_at = excluded.next_expiry_at, document = excluded.document,
            folded_tags = excluded.folded_tags",
        params![
            credential.client_id.as_str(),
            credential.organization_id.as_str(),
            credential.status.word(),
            credential.settings.name.as_str().to_lowercase(),
            int(credential.created_at.as_millis()),
            credential.next_expiry().map(|at| int(at.as_millis())),
            document::write(credential, "a credential")?,
            folded_tags(credential),
        ],
    )?;
    let id = credential.client_id.as_str();
    session.execute("DELETE FROM secret_digests WHERE client_id = ?1", [id])?;
    for digest in own_digests(credential) {
        let sql = "INSERT OR IGNORE INTO secret_digests (digest, client_id) VALUES (?1, ?2)";
        session.execute(sql, [digest.as_str(), id])?;
    }
    Ok(())
}

/// Removes a row, and what was counted of it.
pub(super) fn remove(session: &Session, key: &Key) -> Result<(), StoreError> {
    let (table, column) = table(key);
    let id = id(key);
    session.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [&id])?;
    if matches!(key, Key::Credential(_)) {
        session.execute("DELETE FROM usage WHERE client_id = ?1", [&id])?;
        session.execute("DELETE FROM last_used WHERE client_id = ?1", [&id])?;
        session.execute("DELETE FROM sightings WHERE client_id = ?1", [&id])?;
        session.execute("DELETE FROM secret_digests WHERE client_id = ?1", [&id])?;
    }
    Ok(())
}

/// What holds for the whole installation.
pub(super) fn installation(session: &Session) -> Result<Installation, StoreError> {
    let sql = "SELECT longest_lifetime_s, vault FROM installation";
    let row =
        session.first(sql, [], |row| Ok((uint(row, 0)?, row.get::<_, Option<String>>(1)?)))?;
    let (longest_lifetime_s, vault) = row.ok_or_else(no_installation)?;
    let vault = vault.map(|text| document::read(&text, || "the vault".to_owned())).transpose()?;
    Ok(Installation { longest_lifetime_s, vault })
}

/// The one row about the installation is gone.
pub(super) fn no_installation() -> StoreError {
    StoreError::damaged("the table installation", "its one row is missing")
}

/// Every organization, by name.
pub(super) fn organizations(session: &Session) -> Result<Vec<Organization>, StoreError> {
    list(session, "SELECT id, document FROM organizations ORDER BY name", "organization")
}

/// Every API, by audience.
pub(super) fn apis(session: &Session) -> Result<Vec<Api>, StoreError> {
    list(session, "SELECT id, document FROM apis ORDER BY comparable_audience", "API")
}

/// Every key ring.
pub(super) fn rings(session: &Session) -> Result<Vec<Ring>, StoreError> {
    list(session, "SELECT algorithm, document FROM rings ORDER BY algorithm", "key ring")
}

fn list<T: DeserializeOwned>(
    session: &Session,
    sql: &str,
    kind: &str,
) -> Result<Vec<T>, StoreError> {
    list_with(session, sql, [], kind)
}

/// Documents, from a statement that gives their ids first.
pub(super) fn list_with<T: DeserializeOwned>(
    session: &Session,
    sql: &str,
    params: impl Params,
    kind: &str,
) -> Result<Vec<T>, StoreError> {
    session.all(sql, params, |row| {
        let (id, text) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        document::read(&text, || format!("{kind} {id}"))
    })
}
