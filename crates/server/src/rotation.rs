//! Making signing keys: the first one of an algorithm, the next one on schedule or by command,
//! and the replacement of a compromised one. The command line and the server use the same steps.

use hallpass_core::{
    Change, Mutation, Timestamp,
    audit::Actor,
    change::{Image, Key},
    ring::{KeyRecord, Ring},
    vault::{OpenVault, VaultError},
};
use hallpass_store::{Store, StoreError};
use hallpass_token::jose::{Algorithm, KeyError, SigningKey};

use crate::entropy;

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The key could not be made.
    #[error("cannot make a signing key: {0}")]
    Key(#[from] KeyError),
    /// The key could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The key could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a mutation about keys needs.
pub struct Rotation<'a> {
    /// Where keys are stored.
    pub store: &'a dyn Store,
    /// Under which they are sealed.
    pub vault: &'a OpenVault,
    /// Who rotates.
    pub actor: &'a Actor,
    /// When.
    pub now: Timestamp,
}

impl Rotation<'_> {
    /// The ring as it is stored; empty if there is none.
    pub async fn ring(&self, algorithm: Algorithm) -> Result<Ring, StoreError> {
        match self.store.image(&Key::Ring(algorithm)).await? {
            Some(Image::Ring(ring)) => Ok(ring),
            _ => Ok(Ring::new(algorithm)),
        }
    }

    /// Makes sure that something can be signed with this algorithm. The first key of a ring signs
    /// at once: there is no verifier yet that could have missed it.
    pub async fn ensure(&self, algorithm: Algorithm) -> Result<Option<Change>, RotationError> {
        if self.ring(algorithm).await?.newest().is_some() {
            return Ok(None);
        }
        self.add(algorithm, None, self.now).await.map(Some)
    }

    /// Adds the next key: published now, signing from `signs_from` on.
    pub async fn rotate(
        &self,
        algorithm: Algorithm,
        signs_from: Timestamp,
    ) -> Result<Change, RotationError> {
        let after = self.ring(algorithm).await?.newest().map(|key| key.kid.clone());
        let signs_from = if after.is_none() { self.now } else { signs_from };
        self.add(algorithm, after, signs_from).await
    }

    /// Kills a compromised key with all its tokens; its replacement signs at once.
    pub async fn kill(&self, algorithm: Algorithm, kid: &str) -> Result<Change, RotationError> {
        let mutation = Mutation::KillKey {
            algorithm,
            kid: kid.to_owned(),
            replacement: Some(Box::new(self.make(algorithm, self.now)?)),
        };
        Ok(self.store.commit(&mutation, self.actor, self.now).await?)
    }

    async fn add(
        &self,
        algorithm: Algorithm,
        after: Option<String>,
        signs_from: Timestamp,
    ) -> Result<Change, RotationError> {
        let key = Box::new(self.make(algorithm, signs_from)?);
        let mutation = Mutation::AddKey { key, after };
        Ok(self.store.commit(&mutation, self.actor, self.now).await?)
    }

    fn make(
        &self,
        algorithm: Algorithm,
        signs_from: Timestamp,
    ) -> Result<KeyRecord, RotationError> {
        let (key, der) = SigningKey::generate(algorithm)?;
        Ok(KeyRecord {
            kid: key.kid().to_owned(),
            public: key.public_jwk(),
            sealed: self.vault.seal_key(key.kid(), &der, entropy::bytes())?,
            published_at: self.now,
            signs_from,
            killed_at: None,
        })
    }
}
