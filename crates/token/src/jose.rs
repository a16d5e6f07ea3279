//! Signed tokens (RFC 7515, RFC 7517, RFC 7518, RFC 8037) with three algorithms and nothing else:
//! no symmetric keys, no encryption, no `none`. The algorithm always comes from the key; a key
//! that a token brings along or points to is never looked at.

mod algorithm;
mod jwk;
mod key_set;
mod sign;
mod verify;

pub use algorithm::{Algorithm, TokenType, UnknownName};
pub use jwk::{Jwk, Jwks};
pub use key_set::{KeySet, VerifyingKey};
pub use sign::SigningKey;
pub use verify::{Header, Jws, MAX_KID_LEN, MAX_TOKEN_LEN, Typ};

/// Why a key is not usable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// A fine key of a kind, or for a purpose, that is not ours (RFC 7517 §5: to be ignored).
    #[error("key of another kind: {0}")]
    Unsupported(&'static str),
    /// Not a key, or one that is too weak.
    #[error("invalid key: {0}")]
    Invalid(&'static str),
    /// A JWK with private or symmetric members: whoever published it has lost it.
    #[error("the JWK holds private key material")]
    PrivateMaterial,
    /// Another key of the set has the same `kid`.
    #[error("another key has the same kid")]
    DuplicateKid,
    /// The cryptographic library refused to make a key or a signature.
    #[error("the cryptographic library failed to {0}")]
    Library(&'static str),
}
