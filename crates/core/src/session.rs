//! Sessions: a person who has signed in, at one browser. The cookie holds an opaque text, and the
//! row only its digest. Ends by itself, by signing out, and when the person's password changes.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{PersonId, Timestamp, opaque::OpaqueDigest, text::Note};

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// By a password.
    Password,
    /// By a passkey.
    Passkey,
    /// By a recovery code, which is used up.
    RecoveryCode,
    /// By a link that was sent or printed, which is used up.
    Link,
    /// At the organization's own OpenID Connect provider.
    SingleSignOn,
}

impl Means {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery code",
            Self::Link => "link",
            Self::SingleSignOn => "single sign-on",
        }
    }
}

/// One sign-in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Digest of what the cookie holds.
    pub id: OpaqueDigest,
    /// Who.
    pub person_id: PersonId,
    /// How they proved it.
    pub means: Means,
    /// When.
    pub begun_at: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
    /// When they last proved who they are, in this session.
    pub confirmed_at: Timestamp,
    /// From where, if known.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// What the browser says it is; a stranger's words.
    #[serde(default)]
    pub browser: Note,
}

impl Session {
    /// Whether the person has proved who they are within the last `secs` seconds.
    pub fn is_confirmed(&self, secs: u64, now: Timestamp) -> bool {
        now.millis_since(self.confirmed_at) <= secs * 1000
    }
}
