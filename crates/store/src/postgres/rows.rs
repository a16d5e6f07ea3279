//! Rows as the documents they are: reading one by its key, what writes and removes it, and listing
//! the kinds of which there are few. Index columns are always computed from the document here.

use std::{
    collections::{HashMap, HashSet},
    mem::{Discriminant, discriminant},
};

use hallpass_core::{
    Api, Credential, Image, Installation, Organization,
    change::{Effect, Key},
    ring::Ring,
};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::{
    failure::Result,
    people,
    session::{Session, Step, Values, get, int, uint},
};
use crate::{
    StoreError,
    columns::{folded_tags, id, own_digests, status, table},
    document, ledger,
};

/// One row as it is.
pub(super) async fn image(session: &Session, key: &Key) -> Result<Option<Image>> {
    Ok(match key {
        Key::Organization(_) => one(session, key).await?.map(Image::Organization),
        Key::Api(_) => one(session, key).await?.map(Image::Api),
        Key::Credential(_) => one(session, key).await?.map(Image::Credential),
        Key::Ring(_) => one(session, key).await?.map(Image::Ring),
        Key::Person(_) => one(session, key).await?.map(Image::Person),
        Key::Session(_) => one(session, key).await?.map(Image::Session),
        Key::Vault => installation(session).await?.vault.map(Image::Vault),
    })
}

async fn one<T: DeserializeOwned>(session: &Session, key: &Key) -> Result<Option<T>> {
    let ((table, column), id) = (table(key), id(key));
    let sql = format!("SELECT document FROM {table} WHERE {column} = $1");
    let read = |row: &_| document::read(get(row, 0)?, || name(key));
    session.first(&sql, &[&id], read).await
}

/// Rows of one table, to be read together.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    images: &'static str,
    ids: &'static str,
    read: fn(&str, &Key) -> std::result::Result<Image, StoreError>,
}

/// Keys by their kind. The vault is in the counter's own row.
pub(super) fn by_kind(keys: HashSet<Key>) -> Vec<(Kind, Vec<Key>)> {
    let mut kinds: HashMap<Discriminant<Key>, (Kind, Vec<Key>)> = HashMap::new();
    for key in keys {
        if let Some(kind) = Kind::of(&key) {
            kinds.entry(discriminant(&key)).or_insert((kind, Vec::new())).1.push(key);
        }
    }
    kinds.into_values().collect()
}

macro_rules! kind {
    ($table:literal, $id:literal, $image:path) => {
        Kind {
            images: concat!(
                "SELECT ",
                $id,
                ", document FROM ",
                $table,
                " WHERE ",
                $id,
                " = ANY ($1)"
            ),
            ids: concat!("SELECT ", $id, " FROM ", $table, " WHERE ", $id, " = ANY ($1)"),
            read: |text, key| document::read(text, || name(key)).map($image),
        }
    };
}

impl Kind {
    fn of(key: &Key) -> Option<Self> {
        Some(match key {
            Key::Organization(_) => kind!("organizations", "id", Image::Organization),
            Key::Api(_) => kind!("apis", "id", Image::Api),
            Key::Credential(_) => kind!("credentials", "client_id", Image::Credential),
            Key::Ring(_) => kind!("rings", "algorithm", Image::Ring),
            Key::Person(_) => kind!("people", "id", Image::Person),
            Key::Session(_) => kind!("sessions", "id", Image::Session),
            Key::Vault => return None,
        })
    }

    /// Reads documents.
    pub(super) fn images(&self, keys: &[Key]) -> Step {
        Step::new(self.images, vec![Box::new(keys.iter().map(id).collect::<Vec<_>>())])
    }

    /// Looks which are there.
    pub(super) fn ids(&self, keys: &[Key]) -> Step {
        Step::new(self.ids, vec![Box::new(keys.iter().map(id).collect::<Vec<_>>())])
    }

    /// Those that are there. One that does not parse is the trouble of whoever needs it.
    pub(super) fn read_images(
        &self,
        keys: &[Key],
        rows: &[Row],
    ) -> std::result::Result<Vec<(Key, ReadImage)>, StoreError> {
        let keys: HashMap<String, &Key> = keys.iter().map(|key| (id(key), key)).collect();
        let mut images = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(key) = keys.get(get::<&str>(row, 0)?) {
                images.push(((*key).clone(), (self.read)(get(row, 1)?, key)));
            }
        }
        Ok(images)
    }

    /// Those that are there.
    pub(super) fn read_ids(
        &self,
        keys: &[Key],
        rows: &[Row],
    ) -> std::result::Result<Vec<Key>, StoreError> {
        let ids = rows.iter().map(|row| get::<String>(row, 0));
        let ids = ids.collect::<std::result::Result<HashSet<_>, _>>()?;
        Ok(keys.iter().filter(|key| ids.contains(&id(key))).cloned().collect())
    }
}

/// A document, or why it is none.
pub(super) type ReadImage = std::result::Result<Image, StoreError>;

fn name(key: &Key) -> String {
    format!("{} {}", ledger::kind(key), id(key))
}
/// What does to the row what happened to it. The vault is written with the installation's row.
pub(super) fn effect(effect: &Effect) -> std::result::Result<Vec<Step>, StoreError> {
    match effect {
        Effect::Put(Image::Organization(organization)) => put_organization(organization),
        Effect::Put(Image::Api(api)) => put_api(api),
        Effect::Put(Image::Credential(credential)) => put_credential(credential),
        Effect::Put(Image::Ring(ring)) => {
            let sql = "INSERT INTO rings (algorithm, document) VALUES ($1, $2)
                 ON CONFLICT (algorithm) DO UPDATE SET document = excluded.document";
            let document = document::write(ring, "a key ring")?;
            let values = vec![Box::new(ring.algorithm.to_string()) as _, Box::new(document) as _];
            Ok(vec![Step::new(sql, values)])
        }
        Effect::Put(Image::Person(person)) => people::put_person(person),
        Effect::Put(Image::Session(session)) => people::put_session(session),
        Effect::Put(Image::Vault(_)) | Effect::None => Ok(Vec::new()),
        Effect::Removed(key) => Ok(remove(key)),
    }
}

fn put_organization(organization: &Organization) -> std::result::Result<Vec<Step>, StoreError> {
    let put = Step::new(
        "INSERT INTO organizations (id, name, status, document) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, status = excluded.status, document = excluded.document",
        vec![
            Box::new(organization.id.to_string()),
            Box::new(organization.name.to_string()),
            Box::new(status(organization)),
            Box::new(document::write(organization, "an organization")?),
        ],
    );
    let mut steps = vec![put.unique("the name")];
    steps.extend(people::put_membership(organization));
    Ok(steps)
}

fn put_api(api: &Api) -> std::result::Result<Vec<Step>, StoreError> {
    let put = Step::new(
        "INSERT INTO apis (id, comparable_audience, document) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET
            comparable_audience = excluded.comparable_audience, document = excluded.document",
        vec![
            Box::new(api.id.to_string()),
            Box::new(api.audience.comparable().to_owned()),
            Box::new(document::write(api, "an API")?),
        ],
    );
    Ok(vec![put.unique("the audience")])
}

fn put_credential(credential: &Credential) -> std::result::Result<Vec<Step>, StoreError> {
    let id = || Box::new(credential.client_id.to_string());
    let digests = own_digests(credential);
    Ok(vec![
        Step::new(
            "INSERT INTO credentials
                (client_id, organization_id, status, folded_name, created_at, next_expiry_at,
                 document, folded_tags)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (client_id) DO UPDATE SET
                organization_id = excluded.organization_id, status = excluded.status,
                folded_name = excluded.folded_name, created_at = excluded.created_at,
                next_expiry_at = excluded.next_expiry_at, document = excluded.document,
                folded_tags = excluded.folded_tags",
            vec![
                id(),
                Box::new(credential.organization_id.to_string()),
                Box::new(credential.status.word()),
                Box::new(credential.settings.name.as_str().to_lowercase()),
                Box::new(int(credential.created_at.as_millis())),
                Box::new(credential.next_expiry().map(|at| int(at.as_millis()))),
                Box::new(document::write(credential, "a credential")?),
                Box::new(folded_tags(credential)),
            ],
        ),
        Step::new(
            "DELETE FROM secret_digests WHERE client_id = $1 AND digest <> ALL ($2)",
            vec![id(), Box::new(digests.clone())],
        ),
        Step::new(
            "INSERT INTO secret_digests (digest, client_id)
             SELECT DISTINCT digest, $1::text FROM unnest($2::text[]) AS digest
             ON CONFLICT DO NOTHING",
            vec![id(), Box::new(digests)],
        ),
    ])
}

/// Removes a row, and what was counted of it.
fn remove(key: &Key) -> Vec<Step> {
    let delete = |sql| Step::new(sql, vec![Box::new(id(key))]);
    match key {
        Key::Organization(_) => vec![delete("DELETE FROM organizations WHERE id = $1")],
        Key::Api(_) => vec![delete("DELETE FROM apis WHERE id = $1")],
        Key::Ring(_) => vec![delete("DELETE FROM rings WHERE algorithm = $1")],
        Key::Person(_) => vec![delete("DELETE FROM people WHERE id = $1")],
        Key::Session(_) => vec![delete("DELETE FROM sessions WHERE id = $1")],
        // Nothing ever removes it.
        Key::Vault => Vec::new(),
        Key::Credential(_) => vec![
            delete("DELETE FROM credentials WHERE client_id = $1"),
            delete("DELETE FROM usage WHERE client_id = $1"),
            delete("DELETE FROM last_used WHERE client_id = $1"),
            delete("DELETE FROM sightings WHERE client_id = $1"),
            delete("DELETE FROM secret_digests WHERE client_id = $1"),
        ],
    }
}

/// What holds for the whole installation.
pub(super) async fn installation(session: &Session) -> Result<Installation> {
    let sql = "SELECT longest_lifetime_s, vault FROM installation";
    let read = |row: &_| {
        let vault = get::<Option<&str>>(row, 1)?;
        let vault = vault.map(|text| document::read(text, || "the vault".to_owned()));
        Ok(Installation { longest_lifetime_s: uint(row, 0)?, vault: vault.transpose()? })
    };
    Ok(session.first(sql, &[], read).await?.ok_or_else(no_installation)?)
}

/// The one row about the installation is gone.
pub(super) fn no_installation() -> StoreError {
    StoreError::damaged("the table installation", "its one row is missing")
}

/// Every organization, by name.
pub(super) async fn organizations(session: &Session) -> Result<Vec<Organization>> {
    list(session, "SELECT id, document FROM organizations ORDER BY name", &[], "organization").await
}

/// Every API, by audience.
pub(super) async fn apis(session: &Session) -> Result<Vec<Api>> {
    list(session, "SELECT id, document FROM apis ORDER BY comparable_audience", &[], "API").await
}

/// Every key ring.
pub(super) async fn rings(session: &Session) -> Result<Vec<Ring>> {
    list(session, "SELECT algorithm, document FROM rings ORDER BY algorithm", &[], "key ring").await
}

/// Documents, from a statement that gives their ids first.
pub(super) async fn list<T: DeserializeOwned>(
    session: &Session,
    sql: &str,
    values: Values<'_>,
    kind: &str,
) -> Result<Vec<T>> {
    let read =
        |row: &_| document::read(get(row, 1)?, || format!("{kind} {}", get(row, 0).unwrap_or("?")));
    session.all(sql, values, read).await
}
