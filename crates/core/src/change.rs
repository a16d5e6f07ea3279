//! Changes: what everyone learns of a write. A change carries the whole new state of what was
//! written, so applying it twice, or from any older state, gives the same result.

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_token::{feed::Entry, jose::Algorithm};
use serde::{Deserialize, Serialize};

use crate::{
    Api, ApiId, ClientId, Credential, Organization, OrganizationId, Person, PersonId, Session,
    Timestamp, opaque::OpaqueDigest, ring::Ring, vault::Vault,
};

/// The name of a thing that is stored as one row.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// An organization.
    Organization(OrganizationId),
    /// An API.
    Api(ApiId),
    /// A credential.
    Credential(ClientId),
    /// A key ring.
    Ring(Algorithm),
    /// A person.
    Person(PersonId),
    /// A session.
    Session(OpaqueDigest),
    /// The wrapped data keys.
    Vault,
}

/// The whole state of a thing that is stored as one row.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// An organization.
    Organization(Organization),
    /// An API.
    Api(Api),
    /// A credential, digests included.
    Credential(Box<Credential>),
    /// A key ring, its private keys sealed.
    Ring(Ring),
    /// A person, with the digests by which they sign in.
    Person(Box<Person>),
    /// A session.
    Session(Box<Session>),
    /// The wrapped data keys.
    Vault(Vault),
}

/// Which state of a row somebody has seen: equal as long as nothing of the row has changed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Version(Box<str>);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Image {
    /// The version of this state: a digest of it.
    pub fn version(&self) -> Version {
        // Maps of text and numbers always serialize; were one not to, no version would match.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, &text);
        Version(URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into())
    }

    /// The name of what this is the state of.
    pub fn key(&self) -> Key {
        match self {
            Self::Organization(organization) => Key::Organization(organization.id.clone()),
            Self::Api(api) => Key::Api(api.id.clone()),
            Self::Credential(credential) => Key::Credential(credential.client_id.clone()),
            Self::Ring(ring) => Key::Ring(ring.algorithm),
            Self::Person(person) => Key::Person(person.id.clone()),
            Self::Session(session) => Key::Session(session.id.clone()),
            Self::Vault(_) => Key::Vault,
        }
    }
}

/// What a change did to its row.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every change writes a row")]
pub enum Effect {
    /// The row was written and is now this.
    Put(Image),
    /// The row is gone.
    Removed(Key),
    /// No row changed; the change is there for its death alone.
    None,
}

/// What died, for the revocation feed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Death {
    /// Gapless number of the feed, counted apart from the changes: most changes kill nothing,
    /// and a reader of the feed must be able to see that it has missed none.
    pub feed_seq: u64,
    /// What the feed says.
    pub entry: Entry,
}

/// One row of the change log: the only way any state reaches any cache.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Gapless, in commit order.
    pub seq: u64,
    /// When it was committed, by the clock of the node that did.
    pub at: Timestamp,
    /// What became of the row.
    pub effect: Effect,
    /// What died.
    pub death: Option<Death>,
}
