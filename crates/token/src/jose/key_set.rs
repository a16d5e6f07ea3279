//! The keys that a verifier trusts, parsed once. They come from the issuer's JWK Set and from
//! nowhere else; in particular never from a token.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::Value;

use super::{Algorithm, Jwk, KeyError};
use crate::json;

/// More keys than any issuer publishes; looking one up stays cheap.
const MAX_KEYS: usize = 100;

/// The verification keys of one issuer, by `kid`.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<KeyError>,
}

/// One public key with its name, ready to verify. Its algorithm is the only one that it is ever
/// used with (RFC 8725 §3.1).
pub struct VerifyingKey {
    kid: String,
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5). Keys that are not usable here are left out, and
    /// [`skipped`](Self::skipped) says why; of two keys with the same `kid` the first one counts.
    /// A key without `kid` is found under its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when it is not a JWK Set, or one of more than 100 keys.
    pub fn from_jwks(jwks: &[u8]) -> Result<Self, KeyError> {
        let members = json::object(jwks).map_err(|_| KeyError::Invalid("not a JSON object"))?;
        let Some(Value::Array(keys)) = members.get("keys") else {
            return Err(KeyError::Invalid("not a JWK Set: no array of keys"));
        };
        if keys.len() > MAX_KEYS {
            return Err(KeyError::Invalid("a JWK Set of more than 100 keys"));
        }
        let mut set = Self::default();
        for key in keys {
            let added = match key {
                Value::Object(members) => Jwk::from_members(members).and_then(|jwk| set.add(jwk)),
                _ => Err(KeyError::Invalid("not a JSON object")),
            };
            set.skipped.extend(added.err());
        }
        Ok(set)
    }

    /// The set of exactly these keys.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`], and [`KeyError::Invalid`] for more than 100 keys.
    pub fn from_keys(keys: impl IntoIterator<Item = Jwk>) -> Result<Self, KeyError> {
        let mut set = Self::default();
        for jwk in keys {
            set.add(jwk)?;
        }
        Ok(set)
    }

    fn add(&mut self, jwk: Jwk) -> Result<(), KeyError> {
        let key = VerifyingKey::new(&jwk)?;
        if self.find(&key.kid).is_some() {
            return Err(KeyError::DuplicateKid);
        }
        if self.keys.len() == MAX_KEYS {
            return Err(KeyError::Invalid("a set of more than 100 keys"));
        }
        self.keys.push(key);
        Ok(())
    }

    /// The key of this name.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The keys in the order of their set.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// How many keys can verify.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can verify.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Why keys of the JWK Set were left out, one line each, worth a warning in the log.
    pub fn skipped(&self) -> &[KeyError] {
        &self.skipped
    }
}

impl VerifyingKey {
    /// Parses a key once, for many verifications.
    ///
    /// # Errors
    /// When the library refuses it, which it did not when the [`Jwk`] was made.
    pub fn new(jwk: &Jwk) -> Result<Self, KeyError> {
        Ok(Self {
            kid: jwk.kid().map_or_else(|| jwk.thumbprint(), str::to_owned),
            algorithm: jwk.algorithm(),
            key: jwk.parse()?,
        })
    }

    /// The name: the JWK's `kid`, or its thumbprint when it has none.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
