//! People who sign in: members of organizations, and operators. What a person may do follows
//! from their memberships, which organizations keep; here is how they prove who they are.

mod step;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::step::PersonStep;
use crate::{PersonId, Timestamp, email::Email, opaque::OpaqueDigest, text::Name};

/// How many passkeys a person may have.
pub const PASSKEYS_AT_MOST: usize = 20;

/// How many recovery codes are made at once.
pub const RECOVERY_CODES: usize = 10;

/// How long a link that lets a person in stays good, in seconds.
pub const LINK_S: u64 = 7 * 86_400;

/// A password's argon2id digest, in PHC form. Prints nothing.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
pub struct PasswordDigest(pub String);

impl std::fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordDigest(..)")
    }
}

/// A passkey (WebAuthn credential) of a person.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Passkey {
    /// The authenticator's name for it, in base64url.
    pub id: String,
    /// What its owner calls it.
    pub name: Name,
    /// Public key, counter and the rest, as the WebAuthn library keeps them.
    pub state: serde_json::Value,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last let its owner in.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
}

/// A link that lets a person in once, to set a password or add a passkey.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Digest of the text in the link.
    pub digest: OpaqueDigest,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Somebody who signs in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Unique in the installation, whatever its case.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// Whether they have power over the installation.
    #[serde(default)]
    pub is_operator: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// Their password, digested.
    #[serde(default)]
    pub password: Option<PasswordDigest>,
    /// Their passkeys, oldest first.
    #[serde(default)]
    pub passkeys: Vec<Passkey>,
    /// Digests of the recovery codes that are not used up.
    #[serde(default)]
    pub recovery_codes: Vec<OpaqueDigest>,
    /// The link that lets them in, if one is out.
    #[serde(default)]
    pub link: Option<Link>,
    /// Their `sub` at each OpenID Connect issuer by which they have signed in.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// Sessions begun before this are over.
    #[serde(default)]
    pub sessions_from: Timestamp,
}

/// Who a person is to an OpenID Connect provider.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The provider's issuer.
    pub issuer: String,
    /// The provider's `sub` for the person.
    pub sub: String,
}

impl Person {
    /// A person who cannot sign in yet.
    pub fn new(id: PersonId, email: Email, name: Name, now: Timestamp) -> Self {
        Self {
            id,
            email,
            name,
            is_operator: false,
            created_at: now,
            password: None,
            passkeys: Vec::new(),
            recovery_codes: Vec::new(),
            link: None,
            subjects: Vec::new(),
            sessions_from: now,
        }
    }

    /// The passkey of this id.
    pub fn passkey(&self, id: &str) -> Option<&Passkey> {
        self.passkeys.iter().find(|passkey| passkey.id == id)
    }

    /// Whether the link of this digest lets them in at `now`.
    pub fn is_let_in_by(&self, digest: &OpaqueDigest, now: Timestamp) -> bool {
        self.link.as_ref().is_some_and(|link| link.digest == *digest && now < link.expires_at)
    }
}
