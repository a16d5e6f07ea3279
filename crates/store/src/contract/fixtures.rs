//! Things to write. Every value follows from a number, so that a case reads without them.

use std::sync::Arc;

use hallpass_core::{
    Api, ApiId, Change, ClientId, Conflict, Credential, Mutation, Organization, OrganizationId,
    Person, PersonId, SecretId, Session, Timestamp,
    audit::Actor,
    credential::{Grant, NewSecret, Settings},
    opaque::Opaque,
    ring::KeyRecord,
    secret::{Pepper, Secret},
    session::Means,
    vault::{MasterKey, OpenVault, Vault},
};
use hallpass_token::jose::{Algorithm, SigningKey};

use super::Bench;
use crate::{Store, StoreError};

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn entropy(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

pub(crate) fn client_id(number: u64) -> ClientId {
    ClientId::from_entropy(entropy(number))
}

pub(crate) fn organization(number: u64) -> Organization {
    let name = format!("Organization {number}").parse().unwrap();
    Organization::new(OrganizationId::from_entropy(entropy(number)), name, NOW)
}

pub(crate) fn api(number: u64) -> Api {
    let audience = format!("https://api{number}.example.com").parse().unwrap();
    Api::new(ApiId::from_entropy(entropy(number)), "Books".parse().unwrap(), audience, NOW)
}

pub(super) fn secret(number: u8) -> NewSecret {
    let secret = Secret::from_entropy([number; 32]);
    NewSecret::new(secret_id(number), &secret, &Pepper::new([9; 32]))
}

pub(super) fn secret_id(number: u8) -> SecretId {
    SecretId::from_entropy([number; 16])
}

pub(super) fn settings(name: &str) -> Settings {
    let grants = vec![Grant { api_id: api(1).id, scopes: "read".parse().unwrap() }];
    Settings::new(name.parse().unwrap(), grants)
}

/// A pending credential of organization 1.
pub(super) fn pending(number: u64, name: &str) -> Credential {
    let owner = organization(1).id;
    Credential::pending(client_id(number), owner, settings(name), &secret(1), (NOW, "server"))
}

/// An active credential of organization 1.
pub(super) fn active(number: u64) -> Credential {
    pending(number, &format!("Credential {number}")).activate(NOW).unwrap()
}

pub(super) fn key(signs_from: Timestamp) -> KeyRecord {
    let (key, pkcs8) = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let open = OpenVault::from_entropy([1; 32], [2; 32]);
    KeyRecord {
        kid: key.kid().to_owned(),
        public: key.public_jwk(),
        sealed: open.seal_key(key.kid(), &pkcs8, [3; 12]).unwrap(),
        published_at: NOW,
        signs_from,
        killed_at: None,
    }
}

pub(crate) fn person(number: u64) -> Person {
    let email = format!("Person{number}@Example.com").parse().unwrap();
    let id = PersonId::from_entropy(entropy(number));
    Person::new(id, email, format!("Person {number}").parse().unwrap(), NOW)
}

/// A session of the person with the same number.
pub(super) fn session(number: u64) -> Session {
    Session {
        id: Opaque::from_entropy([number as u8; 32]).digest(),
        person_id: person(number).id,
        means: Means::Password,
        begun_at: NOW,
        ends_at: NOW.plus_secs(3600),
        confirmed_at: NOW,
        address: Some("2001:db8::7".parse().unwrap()),
        browser: "A browser".parse().unwrap(),
    }
}

pub(super) fn vault(master: u8) -> Vault {
    let open = OpenVault::from_entropy([1; 32], [2; 32]);
    open.wrap(&MasterKey::from_entropy([master; 32]), [[3; 12], [4; 12]]).unwrap()
}

/// A store that has organization 1 and API 1.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
}

impl World {
    pub(crate) async fn new(bench: &dyn Bench) -> Self {
        let world = Self { store: bench.open().await };
        world.commit(Mutation::AddOrganization(organization(1))).await;
        world.commit(Mutation::AddApi(api(1))).await;
        world
    }

    /// With active credentials 1 to `count`.
    pub(crate) async fn with_credentials(bench: &dyn Bench, count: u64) -> Self {
        let world = Self::new(bench).await;
        for number in 1..=count {
            world.add(active(number)).await;
        }
        world
    }

    pub(crate) async fn try_commit(&self, mutation: Mutation) -> Result<Change, StoreError> {
        self.store.commit(&mutation, &Actor::Server, NOW).await
    }

    pub(crate) async fn commit(&self, mutation: Mutation) -> Change {
        let kind = format!("{mutation:?}");
        self.try_commit(mutation).await.unwrap_or_else(|error| panic!("{error}: {kind}"))
    }

    /// Adds a credential like the others.
    pub(crate) async fn add_another(&self, number: u64) -> Change {
        self.add(active(number)).await
    }

    pub(super) async fn commit_at(&self, mutation: Mutation, at: Timestamp) -> Change {
        self.store.commit(&mutation, &Actor::Server, at).await.unwrap()
    }

    pub(crate) async fn add(&self, credential: Credential) -> Change {
        self.commit(Mutation::AddCredential(Box::new(credential))).await
    }

    pub(super) async fn refusal(&self, mutation: Mutation) -> Conflict {
        let kind = format!("{mutation:?}");
        match self.try_commit(mutation).await {
            Err(StoreError::Conflict(conflict)) => conflict,
            other => panic!("{other:?}: {kind}"),
        }
    }

    pub(super) async fn changes(&self) -> Vec<Change> {
        self.store.changes_after(0, usize::MAX).await.unwrap()
    }

    pub(super) async fn seq(&self) -> u64 {
        self.store.last_seq().await.unwrap()
    }
}
