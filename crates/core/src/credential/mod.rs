//! Credentials: the OAuth clients that organizations own. A credential's kills and its
//! generations are decided here and nowhere else.

mod generations;
mod lifecycle;
mod secrets;
#[cfg(test)]
mod tests;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use self::{
    generations::{DeadGeneration, Generation},
    lifecycle::LiveTokens,
    secrets::{NewSecret, SecretRecord, SecretStatus},
};
use crate::{
    ApiId, ClientId, OrganizationId, Scopes, SecretId, Timestamp,
    text::{Name, Note},
};

/// How long a pending credential waits to be activated, in seconds.
pub const PENDING_S: u64 = 30 * 60;

/// How long a credential waits to be approved, in seconds.
pub const APPROVAL_S: u64 = 14 * 86_400;

/// How many usable secrets a credential may hold at once.
pub const SECRETS_AT_MOST: usize = 10;

/// Where a credential is in its life. What has expired is not a status: it is read off the clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Status {
    /// Shown to its maker, not yet confirmed; gets no tokens and disappears at `expires_at`.
    Pending {
        /// When it disappears.
        expires_at: Timestamp,
    },
    /// Gets tokens.
    Active,
    /// Gets none, and its live tokens are dead. Can be resumed.
    Paused,
    /// Final. Gets none, and its live tokens are dead.
    Revoked {
        /// When it was revoked.
        at: Timestamp,
    },
}

impl Status {
    /// The word for it, as in DESIGN's vocabulary.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// What a credential may do at one API.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The API.
    pub api_id: ApiId,
    /// The scopes that its tokens may carry there.
    pub scopes: Scopes,
}

/// What people may set and change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What people call it.
    pub name: Name,
    /// What it is for.
    #[serde(default)]
    pub description: Note,
    /// Free words for finding it.
    #[serde(default)]
    pub tags: Vec<Name>,
    /// The APIs that it may call. The first is the default when a request names none.
    pub grants: Vec<Grant>,
    /// Where token requests may come from; empty: anywhere.
    #[serde(default)]
    pub allow_list: Vec<IpNet>,
    /// When it stops working, if ever. Its tokens end with it.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The APIs whose tokens it may introspect (RFC 7662): it is one of their own credentials.
    #[serde(default)]
    pub introspects: Vec<ApiId>,
}

impl Settings {
    /// A name and the APIs granted; no limits.
    pub fn new(name: Name, grants: Vec<Grant>) -> Self {
        Self {
            name,
            description: Note::default(),
            tags: Vec::new(),
            grants,
            allow_list: Vec::new(),
            expires_at: None,
            introspects: Vec::new(),
        }
    }

    /// Whether these let a credential do more than others: call more, from elsewhere, or longer.
    pub fn reach_beyond(&self, others: &Self) -> bool {
        let is_granted = |grant: &Grant| {
            let same = |other: &&Grant| other.api_id == grant.api_id;
            others.grants.iter().find(same).is_some_and(|was| grant.scopes.is_subset(&was.scopes))
        };
        let is_allowed =
            |network: &IpNet| others.allow_list.iter().any(|known| known.contains(network));
        let from_elsewhere = !others.allow_list.is_empty()
            && (self.allow_list.is_empty() || !self.allow_list.iter().all(is_allowed));
        let longer = others.expires_at.is_some_and(|end| self.expires_at.is_none_or(|at| at > end));
        !self.grants.iter().all(is_granted)
            || !self.introspects.iter().all(|api| others.introspects.contains(api))
            || from_elsewhere
            || longer
    }
}

/// An OAuth client (RFC 6749 §2). Belongs to an organization and outlives whoever made it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Its public name.
    pub client_id: ClientId,
    /// Its owner.
    pub organization_id: OrganizationId,
    /// Where it is in its life.
    pub status: Status,
    /// What people may change.
    #[serde(flatten)]
    pub settings: Settings,
    /// Its secrets, oldest first, the retired ones too.
    pub secrets: Vec<SecretRecord>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Who asked for its approval, while it waits for that.
    #[serde(default)]
    pub approval_asked_by: Option<String>,
    /// The highest generation that was ever given out.
    generation: Generation,
    /// Generations whose tokens are dead, as long as such tokens may be around.
    dead: Vec<DeadGeneration>,
    /// Until when all of its tokens are dead: set by pause and revoke.
    #[serde(default)]
    all_dead_until: Option<Timestamp>,
    /// The expiry whose kill has been done.
    #[serde(default)]
    expired_at: Option<Timestamp>,
}

impl Credential {
    /// The secret of this id.
    pub fn secret(&self, id: &SecretId) -> Option<&SecretRecord> {
        self.secrets.iter().find(|secret| secret.id == *id)
    }

    /// The secrets by which it can log in at `now`.
    pub fn usable_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SecretRecord> {
        self.secrets.iter().filter(move |secret| secret.status(now) == SecretStatus::Usable)
    }

    /// Whether its own expiry has passed.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.settings.expires_at.is_some_and(|at| at <= now)
    }

    /// When something of it expires whose kill has not been done yet: the credential itself or
    /// one of its secrets. Pending ones disappear then.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        match self.status {
            Status::Pending { expires_at } => Some(expires_at),
            Status::Revoked { .. } => None,
            Status::Active | Status::Paused => {
                let own = self.settings.expires_at.filter(|at| self.expired_at != Some(*at));
                let of_secrets = self.secrets.iter().filter_map(SecretRecord::unhandled_expiry);
                own.into_iter().chain(of_secrets).min()
            }
        }
    }
}
