//! What there is before anything happens: vault, signing keys, an API, organizations, credentials.

use std::sync::LazyLock;

use hallpass_core::{
    Api, ApiId, ClientId, Credential, Mutation, Organization, OrganizationId, SecretId, Timestamp,
    audit::Actor,
    credential::{Grant, NewSecret, Settings},
    ring::KeyRecord,
    secret::Secret,
    vault::{MasterKey, OpenVault},
};
use hallpass_token::jose::{Algorithm, SigningKey};

use crate::rng::Rng;

/// The audience of the one API.
pub(crate) const AUDIENCE: &str = "https://api.example.com";

/// Whose tokens these are, and by which secrets it gets them.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Its name.
    pub(crate) client_id: ClientId,
    /// Its owner.
    pub(crate) organization_id: OrganizationId,
    /// Its secrets, in the clear.
    pub(crate) secrets: Vec<(SecretId, String)>,
}

/// What the signing keys of all worlds are: to make one takes longer than much of a simulation.
static KEYS: LazyLock<Vec<(SigningKey, Vec<u8>)>> = LazyLock::new(|| {
    let make = |_| SigningKey::generate(Algorithm::Es256).expect("the machine can make keys");
    (0..8).map(make).map(|(key, der)| (key, der.to_vec())).collect()
});

/// What is needed to make things.
pub(crate) struct Workshop {
    /// The vault, open.
    pub(crate) vault: OpenVault,
    /// The one API.
    pub(crate) api_id: ApiId,
    next_key: usize,
}

impl Workshop {
    /// With entropy of `rng`.
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let vault = OpenVault::from_entropy(rng.bytes(), rng.bytes());
        Self { vault, api_id: ApiId::from_entropy(rng.bytes()), next_key: 0 }
    }

    /// What makes the world, in order.
    pub(crate) fn first(
        &mut self,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut Rng,
    ) -> Vec<Mutation> {
        let wrapped = self.vault.wrap(master, [rng.bytes(), rng.bytes()]).expect("it wraps");
        let name = "Books".parse().expect("a name");
        let audience = AUDIENCE.parse().expect("an audience");
        let api = Api::new(self.api_id.clone(), name, audience, now);
        let key = self.key(now, rng).expect("there is a first key");
        vec![
            Mutation::SetVault { vault: wrapped, replaces: None },
            Mutation::AddKey { key: Box::new(key), after: None },
            Mutation::AddApi(api.with_scopes("read".parse().expect("a scope"), Default::default())),
        ]
    }

    /// A new organization.
    pub(crate) fn organization(&self, now: Timestamp, rng: &mut Rng) -> Organization {
        let name = "Example".parse().expect("a name");
        Organization::new(OrganizationId::from_entropy(rng.bytes()), name, now)
    }

    /// A new active credential.
    pub(crate) fn credential(
        &self,
        organization_id: &OrganizationId,
        now: Timestamp,
        rng: &mut Rng,
    ) -> (Mutation, Client) {
        let (secret, id, clear) = self.secret(rng);
        let grant = Grant { api_id: self.api_id.clone(), scopes: "read".parse().expect("a scope") };
        let settings = Settings::new("reports".parse().expect("a name"), vec![grant]);
        let client_id = ClientId::from_entropy(rng.bytes());
        let made = (now, "simulation");
        let pending = Credential::pending(
            client_id.clone(),
            organization_id.clone(),
            settings,
            &secret,
            made,
        );
        let active = pending.activate(now).expect("it has just begun to wait");
        let secrets = vec![(id, clear)];
        let client = Client { client_id, organization_id: organization_id.clone(), secrets };
        (Mutation::AddCredential(Box::new(active)), client)
    }

    /// A new secret.
    pub(crate) fn secret(&self, rng: &mut Rng) -> (NewSecret, SecretId, String) {
        let secret = Secret::from_entropy(rng.bytes());
        let id = SecretId::from_entropy(rng.bytes());
        let new = NewSecret::new(id.clone(), &secret, &self.vault.pepper);
        (new, id, secret.expose().to_owned())
    }

    /// A new signing key, as long as there are any.
    pub(crate) fn key(&mut self, signs_from: Timestamp, rng: &mut Rng) -> Option<KeyRecord> {
        let (key, der) = KEYS.get(self.next_key)?;
        self.next_key += 1;
        let sealed = self.vault.seal_key(key.kid(), der, rng.bytes()).ok()?;
        Some(KeyRecord {
            kid: key.kid().to_owned(),
            public: key.public_jwk(),
            sealed,
            published_at: signs_from,
            signs_from,
            killed_at: None,
        })
    }
}

/// Who does it all.
pub(crate) fn actor() -> Actor {
    Actor::Operator { name: "simulation".to_owned() }
}
