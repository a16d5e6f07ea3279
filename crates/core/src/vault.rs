//! Envelope encryption of what must not lie on disk in the clear. The master key wraps two random
//! data keys; one digests client secrets (the pepper), the other seals private signing keys. So a
//! change of the master key rewrites one small row and touches no digest and no signing key.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::{PersonId, WebhookId, opaque::Opaque, secret::Pepper};

/// Why the vault stayed shut.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VaultError {
    /// The master key given is not the one that wrapped this vault.
    #[error(
        "the master key does not open this database's vault: it was sealed under master key \
         {sealed_under}, and {got} was given"
    )]
    WrongMasterKey {
        /// Fingerprint of the master key that wrapped the vault.
        sealed_under: String,
        /// Fingerprint of the one given.
        got: String,
    },
    /// Ciphertext was changed, cut or moved to another place.
    #[error("{what} is damaged: it does not decrypt under the key that sealed it")]
    Damaged {
        /// What was to be opened.
        what: String,
    },
    /// Not a master key at all.
    #[error("a master key is 32 bytes in base64url (43 characters); got something else")]
    NotAKey,
}

/// nonce‖ciphertext‖tag of AES-256-GCM, in base64url where it is stored.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl Sealed {
    /// As it is stored or carried.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One that somebody presents, whatever it is.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A 256-bit key. `context` is authenticated: a box opens only where it was meant to lie.
struct SealingKey(Zeroizing<[u8; 32]>, &'static Algorithm);

impl SealingKey {
    fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key), &AES_256_GCM)
    }

    /// A key for one purpose, from which this one cannot be found.
    fn derived(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0[..]);
        let tag = hmac::sign(&key, format!("derived/{purpose}").as_bytes());
        let mut derived = Zeroizing::new([0; 32]);
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    fn aead(&self) -> Result<LessSafeKey, VaultError> {
        UnboundKey::new(self.1, &self.0[..]).map(LessSafeKey::new).map_err(|_| VaultError::NotAKey)
    }

    fn seal(&self, context: &str, clear: &[u8], nonce: [u8; 12]) -> Result<Sealed, VaultError> {
        let mut sealed = Zeroizing::new(clear.to_vec());
        let aad = Aad::from(context.as_bytes());
        self.aead()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut *sealed)
            .map_err(|_| VaultError::Damaged { what: context.to_owned() })?;
        let mut stored = nonce.to_vec();
        stored.extend_from_slice(&sealed);
        Ok(Sealed(URL_SAFE_NO_PAD.encode(stored)))
    }

    fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let damaged = || VaultError::Damaged { what: context.to_owned() };
        let stored = URL_SAFE_NO_PAD.decode(&sealed.0).map_err(|_| damaged())?;
        let (nonce, ciphertext) = stored.split_first_chunk::<12>().ok_or_else(damaged)?;
        let mut clear = Zeroizing::new(ciphertext.to_vec());
        let aad = Aad::from(context.as_bytes());
        let len = self
            .aead()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut clear)
            .map_err(|_| damaged())?
            .len();
        clear.truncate(len);
        Ok(clear)
    }
}

/// The one secret that an operator keeps outside the database.
pub struct MasterKey(SealingKey);

impl MasterKey {
    /// A new master key from 256 random bits.
    pub fn from_entropy(mut entropy: [u8; 32]) -> Self {
        let key = Self(SealingKey::new(entropy));
        entropy.zeroize();
        key
    }

    /// Reads the text form, as in the key file: 43 characters of base64url.
    pub fn from_text(text: &str) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(text.trim().trim_end_matches('='))
                .map_err(|_| VaultError::NotAKey)?,
        );
        let bytes = <[u8; 32]>::try_from(&bytes[..]).map_err(|_| VaultError::NotAKey)?;
        Ok(Self::from_entropy(bytes))
    }

    /// The text form, for the key file alone.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&self.0.0[..]))
    }

    /// Eight characters by which people tell master keys apart. Reveals nothing of the key.
    pub fn fingerprint(&self) -> String {
        let mut labelled = Zeroizing::new(b"hallpass master key".to_vec());
        labelled.extend_from_slice(&self.0.0[..]);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &labelled);
        URL_SAFE_NO_PAD.encode(&digest.as_ref()[..6])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.fingerprint())
    }
}

/// The wrapped data keys: one row of the database.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Vault {
    /// Fingerprint of the master key that wraps the rest.
    pub sealed_under: String,
    /// The key under which client secrets are digested.
    pepper: Sealed,
    /// The key under which private signing keys are sealed.
    seal: Sealed,
}

/// The opened data keys, in memory only.
pub struct OpenVault {
    /// Digests client secrets.
    pub pepper: Pepper,
    seal: SealingKey,
}

impl fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenVault(..)")
    }
}

/// Random bytes for two nonces.
pub type Nonces = [[u8; 12]; 2];

impl Vault {
    /// Opens the vault. The error of a wrong master key names both fingerprints.
    pub fn open(&self, master: &MasterKey) -> Result<OpenVault, VaultError> {
        let got = master.fingerprint();
        if got != self.sealed_under {
            return Err(VaultError::WrongMasterKey {
                sealed_under: self.sealed_under.clone(),
                got,
            });
        }
        let key = |context: &str, sealed| -> Result<[u8; 32], VaultError> {
            let clear = master.0.open(context, sealed)?;
            <[u8; 32]>::try_from(&clear[..]).map_err(|_| VaultError::NotAKey)
        };
        Ok(OpenVault {
            pepper: Pepper::new(key("vault/pepper", &self.pepper)?),
            seal: SealingKey::new(key("vault/seal", &self.seal)?),
        })
    }
}

impl OpenVault {
    /// A vault with new data keys, from 512 random bits.
    pub fn from_entropy(pepper: [u8; 32], seal: [u8; 32]) -> Self {
        Self { pepper: Pepper::new(pepper), seal: SealingKey::new(seal) }
    }

    /// Wraps the data keys under a master key: at first start, and when the master key changes.
    pub fn wrap(&self, master: &MasterKey, nonces: Nonces) -> Result<Vault, VaultError> {
        Ok(Vault {
            sealed_under: master.fingerprint(),
            pepper: master.0.seal("vault/pepper", self.pepper.expose(), nonces[0])?,
            seal: master.0.seal("vault/seal", &self.seal.0[..], nonces[1])?,
        })
    }

    /// Seals a private key (PKCS#8 DER); `kid` is authenticated with it.
    pub fn seal_key(&self, kid: &str, der: &[u8], nonce: [u8; 12]) -> Result<Sealed, VaultError> {
        self.seal.seal(&format!("key/{kid}"), der, nonce)
    }

    /// Seals what a webhook's notices are signed with; its id is authenticated with it.
    pub fn seal_webhook(
        &self,
        id: &WebhookId,
        secret: &[u8],
        nonce: [u8; 12],
    ) -> Result<Sealed, VaultError> {
        self.seal.seal(&format!("webhook/{id}"), secret, nonce)
    }

    /// Opens what was sealed for this webhook.
    pub fn open_webhook(
        &self,
        id: &WebhookId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.seal.open(&format!("webhook/{id}"), sealed)
    }

    /// Opens a private key that was sealed for this `kid`.
    pub fn open_key(&self, kid: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.seal.open(&format!("key/{kid}"), sealed)
    }

    /// Seals what a browser is to carry, so that it can neither read nor change it; `purpose` is
    /// authenticated with it. Strangers cause as many of these as they like, so a nonce that
    /// comes twice must give nothing away: that is what SIV is for.
    pub fn seal_to_carry(
        &self,
        purpose: &str,
        clear: &[u8],
        nonce: [u8; 12],
    ) -> Result<Sealed, VaultError> {
        self.carried().seal(purpose, clear, nonce)
    }

    /// Opens what a browser brings back.
    pub fn open_carried(
        &self,
        purpose: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.carried().open(purpose, sealed)
    }

    fn carried(&self) -> SealingKey {
        SealingKey(self.seal.derived("carried"), &AES_256_GCM_SIV)
    }

    /// What the link for the first operator holds. Whoever opens the vault can make it, so it is
    /// stored nowhere.
    pub fn set_up_text(&self) -> Opaque {
        Opaque::from_entropy(*self.seal.derived("set-up link"))
    }

    /// The id of the first operator: the same for everybody who follows the link, so that the
    /// store lets only one of them become it.
    pub fn first_operator_id(&self) -> PersonId {
        let derived = self.seal.derived("first operator");
        let (id, _) = derived.split_at(16);
        PersonId::from_entropy(id.try_into().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_changed_master_key_leaves_digests_and_signing_keys_as_they_were() {
        let (old, new) = (MasterKey::from_entropy([1; 32]), MasterKey::from_entropy([2; 32]));
        let open = OpenVault::from_entropy([3; 32], [4; 32]);
        let sealed = open.seal_key("kid", b"der", [5; 12]).unwrap();
        let digest = open.pepper.digest(&Secret::presented("s".into()));

        let first = open.wrap(&old, [[6; 12], [7; 12]]).unwrap();
        let changed = first.open(&old).unwrap().wrap(&new, [[8; 12], [9; 12]]).unwrap();

        let reopened = changed.open(&new).unwrap();
        assert_eq!(&reopened.open_key("kid", &sealed).unwrap()[..], b"der");
        assert!(reopened.pepper.digest(&Secret::presented("s".into())).matches(&digest));
        assert!(matches!(changed.open(&old), Err(VaultError::WrongMasterKey { .. })));
    }

    #[test]
    fn a_sealed_key_opens_only_untouched_and_under_its_own_kid() {
        let open = OpenVault::from_entropy([3; 32], [4; 32]);
        let sealed = open.seal_key("one", b"der", [5; 12]).unwrap();
        assert!(open.open_key("two", &sealed).is_err());
        for damaged in ["", "AAAA", "not base64!", &sealed.0[..sealed.0.len() - 2]] {
            assert!(open.open_key("one", &Sealed(damaged.to_owned())).is_err(), "{damaged}");
        }
    }

    #[test]
    fn what_is_carried_opens_only_untouched_and_for_its_own_purpose() {
        let open = OpenVault::from_entropy([3; 32], [4; 32]);
        let sealed = open.seal_to_carry("one", b"clear", [5; 12]).unwrap();
        assert_eq!(&open.open_carried("one", &sealed).unwrap()[..], b"clear");
        assert!(open.open_carried("two", &sealed).is_err());
        assert!(open.open_key("one", &sealed).is_err());
        let other = OpenVault::from_entropy([3; 32], [5; 32]);
        assert!(other.open_carried("one", &sealed).is_err());
        for at in 0..sealed.as_str().len() - 1 {
            let mut changed = sealed.as_str().to_owned();
            let letter = if &changed[at..=at] == "A" { "B" } else { "A" };
            changed.replace_range(at..=at, letter);
            assert!(open.open_carried("one", &Sealed::presented(&changed)).is_err(), "{at}");
        }
    }

    #[test]
    fn the_first_operator_follows_from_the_vault() {
        let open = |seal| OpenVault::from_entropy([3; 32], [seal; 32]);
        assert_eq!(open(4).set_up_text().digest(), open(4).set_up_text().digest());
        assert_ne!(open(4).set_up_text().digest(), open(5).set_up_text().digest());
        assert_eq!(open(4).first_operator_id(), open(4).first_operator_id());
        assert_ne!(open(4).first_operator_id(), open(5).first_operator_id());
    }

    #[test]
    fn master_keys_read_back_from_their_text() {
        let key = MasterKey::from_entropy([1; 32]);
        let text = format!("{}\n", *key.expose());
        assert_eq!(MasterKey::from_text(&text).unwrap().fingerprint(), key.fingerprint());
        for bad in ["", "short", "AAAA", &"!".repeat(43)] {
            assert!(MasterKey::from_text(bad).is_err(), "{bad}");
        }
    }
}
