//! Credentials that other servers have made, read from what those servers export. A reader takes
//! one JSON object and says what it holds; [`Mapping`] says what that becomes here. What cannot be
//! taken over is named with its reason, and no reason ever repeats a secret or a digest.

mod hydra;
mod jsonl;
mod keycloak;
mod mapping;
mod members;
#[cfg(test)]
mod tests;

use ipnet::IpNet;
use serde_json::{Map, Value};

pub use self::mapping::{Mapping, Plan};
use crate::{
    ClientId, Timestamp,
    secret::{BadDigest, ForeignDigest, Secret},
    text::{Name, Note},
};

/// Where an imported credential comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Ory Hydra: clients with the digests of their secrets.
    Hydra,
    /// Keycloak: the clients of a realm, with their secrets in the clear.
    Keycloak,
    /// Our own format of lines of JSON.
    Jsonl,
}

impl Source {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hydra => "hydra",
            Self::Keycloak => "keycloak",
            Self::Jsonl => "jsonl",
        }
    }

    /// Reads one client.
    ///
    /// # Errors
    /// Why this client is not taken over.
    pub fn read(self, client: &Map<String, Value>) -> Result<Found, Skip> {
        match self {
            Self::Hydra => hydra::read(client),
            Self::Keycloak => keycloak::read(client),
            Self::Jsonl => jsonl::read(client),
        }
    }

    /// The client id as far as one can be read: to say which client a reason is about.
    pub fn id_of(self, client: &Map<String, Value>) -> Option<ClientId> {
        let named = match self {
            Self::Hydra => ["client_id", "id"].iter().find_map(|name| client.get(*name)),
            Self::Keycloak => client.get("clientId"),
            Self::Jsonl => client.get("client_id"),
        };
        named?.as_str()?.parse().ok()
    }
}

/// What a file holds of a client.
#[derive(Debug)]
pub struct Found {
    /// Its id, which it keeps.
    pub client_id: ClientId,
    /// What people call it.
    pub name: Name,
    /// What it is for.
    pub description: Note,
    /// Free words.
    pub tags: Vec<Name>,
    /// Where token requests may come from; empty: anywhere.
    pub allow_list: Vec<IpNet>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was made, as far as that is known.
    pub created_at: Option<Timestamp>,
    /// Its secret, or what is kept of it.
    pub secret: FoundSecret,
    /// When the secret stops working, if ever.
    pub secret_expires_at: Option<Timestamp>,
    /// The audiences of its tokens.
    pub audiences: Vec<String>,
    /// The scopes of its tokens.
    pub scopes: Vec<String>,
}

/// A secret as a file holds it.
#[derive(Debug)]
pub enum FoundSecret {
    /// In the clear.
    Clear(Secret),
    /// As a digest of the other server.
    Digested(ForeignDigest),
}

/// Why a client is not taken over. Each message says what to do, if anything helps.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Skip {
    /// Not a JSON object, or longer than any client is.
    #[error("this is not a JSON object of less than 1 MiB")]
    NotAnObject,
    /// A member that is not of its type, or that nobody knows.
    #[error("{0}")]
    BadMember(String),
    /// Taken over, an id must be able to stand in URLs and logs.
    #[error(
        "the client id cannot be kept: it must have 1 to 100 letters, digits or any of - . _ ~ @ \
         :, begin with a letter or digit, and not look like an id of Hallpass's own"
    )]
    BadClientId,
    /// Without a secret there is nothing to log in with.
    #[error("a public client: it has no secret, so client_credentials is not for it")]
    PublicClient,
    /// Meant for people who sign in.
    #[error("not a client of client_credentials: {0}")]
    OtherGrants(&'static str),
    /// Switched off there.
    #[error("it is disabled")]
    Disabled,
    /// It proves itself by a key or a certificate.
    #[error("it authenticates by {0}, not by a client secret")]
    OtherAuthentication(String),
    /// Nothing to log in with.
    #[error("the file holds no secret of it: {0}")]
    NoSecret(&'static str),
    /// Nothing to compare a secret with.
    #[error("its secret is {0}")]
    BadDigest(BadDigest),
    /// Names and the like that cannot be taken.
    #[error("{0}")]
    BadText(String),
    /// An end that has passed.
    #[error("it has expired there")]
    Expired,
    /// An audience that is no API here.
    #[error("no API here has the audience {0:?}: add one, or name one by --audience-map")]
    UnknownAudience(String),
    /// No API was named, in the file or on the command line.
    #[error("the file names no audience: say by --api which API it may call")]
    NoApi,
    /// A scope that none of its APIs has.
    #[error(
        "none of its APIs has the scope {0:?}: add it there, or rename or drop it by --scope-map"
    )]
    UnknownScope(String),
    /// The organization wants what the file does not have.
    #[error("{0}")]
    Policy(String),
    /// It was imported before, or is of this installation.
    #[error("a credential with this client id is there already")]
    AlreadyThere,
}

impl Skip {
    /// A word for it, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::BadMember(_) => "bad_member",
            Self::BadClientId => "bad_client_id",
            Self::PublicClient => "public_client",
            Self::OtherGrants(_) => "other_grants",
            Self::Disabled => "disabled",
            Self::OtherAuthentication(_) => "other_authentication",
            Self::NoSecret(_) => "no_secret",
            Self::BadDigest(BadDigest::Unknown) => "unknown_digest",
            Self::BadDigest(BadDigest::Damaged(_)) => "damaged_digest",
            Self::BadDigest(BadDigest::TooSlow { .. }) => "slow_digest",
            Self::BadText(_) => "bad_text",
            Self::Expired => "expired",
            Self::UnknownAudience(_) => "unknown_audience",
            Self::NoApi => "no_api",
            Self::UnknownScope(_) => "unknown_scope",
            Self::Policy(_) => "policy",
            Self::AlreadyThere => "already_there",
        }
    }
}

impl From<BadDigest> for Skip {
    fn from(why: BadDigest) -> Self {
        Self::BadDigest(why)
    }
}
