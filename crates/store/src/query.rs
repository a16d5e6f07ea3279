//! What readers of the store ask with, and what they are told. Plain values; no rule of the
//! domain belongs here.

use std::net::IpAddr;

use hallpass_core::{
    ClientId, Credential, Image, Installation, OrganizationId, Timestamp, change::Death,
};

/// Which credentials are asked for. Empty: all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CredentialFilter {
    /// Only those of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those of this status, by its [`word`](hallpass_core::credential::Status::word).
    pub status: Option<String>,
    /// Only those whose name or client id contains this; in names, in upper or lower case.
    pub text: Option<String>,
    /// Only those with this tag, in upper or lower case.
    pub tag: Option<String>,
}

/// The place of a credential in the order in which they were made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Newest {
    /// When it was made.
    pub created_at: Timestamp,
    /// Its id, for those made at the same moment.
    pub client_id: ClientId,
}

impl Newest {
    /// Where a credential stands.
    pub fn of(credential: &Credential) -> Self {
        Self { created_at: credential.created_at, client_id: credential.client_id.clone() }
    }
}

/// How many credentials there are, by status.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CredentialCounts {
    /// Those that nobody has activated yet.
    pub pending: u64,
    /// Those that get tokens.
    pub active: u64,
    /// Those that get none until resumed.
    pub paused: u64,
    /// Those that ended for good.
    pub revoked: u64,
}

impl CredentialCounts {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.pending + self.active + self.paused + self.revoked
    }
}

/// Which audit events are asked for. Empty: all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuditFilter {
    /// Only those that concern this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those about the thing of this id.
    pub subject: Option<String>,
    /// Only what this person or client did.
    pub actor_id: Option<String>,
    /// Only actions that begin so, such as `credential.`.
    pub action: Option<String>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
}

/// The live set of the revocation feed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Feed {
    /// Number of the last death ever; 0 when there was none.
    pub feed_seq: u64,
    /// One death per thing, the latest, in the order of their numbers.
    pub deaths: Vec<Death>,
}

/// The moment at which everything was loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The last change that is in it.
    pub seq: u64,
    /// What held for the whole installation.
    pub installation: Installation,
    /// What was dead.
    pub feed: Feed,
}

/// A part of everything, as [`crate::Store::load`] hands it over.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub enum Part {
    /// One row. Those before the snapshot are few; those after it are credentials.
    Image(Image),
    /// All but the credentials has come.
    Snapshot(Snapshot),
}

/// When a secret was last used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastUsed {
    /// Its place in the credential's list of secrets.
    pub secret: u16,
    /// When.
    pub last_at: Timestamp,
    /// From where, if known.
    pub last_address: Option<IpAddr>,
}

/// How often a credential was used on one day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DailyUsage {
    /// The credential.
    pub client_id: ClientId,
    /// The day, as days since the Unix epoch.
    pub day: u64,
    /// Tokens issued.
    pub issued: u64,
    /// Requests refused although the secret was right.
    pub refused: u64,
}

/// How long logs are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retention {
    /// Changes, in seconds.
    pub changes_s: u64,
    /// The last changes stay however old they are: this many.
    pub changes_at_least: u64,
    /// Hourly usage roll-ups and sightings, in hours. When a secret was last used is kept for good.
    pub usage_hours: u64,
    /// Deliveries of notices, in seconds. Longer than any notice could be found again.
    pub deliveries_s: u64,
    /// What nodes said of themselves, in seconds.
    pub nodes_s: u64,
}

impl Default for Retention {
    /// A week of changes and never fewer than 10,000; 92 days of usage; nodes
    /// that were not heard of for a day are forgotten.
    fn default() -> Self {
        Self {
            changes_s: 7 * 86_400,
            changes_at_least: 10_000,
            usage_hours: 92 * 24,
            deliveries_s: 92 * 86_400,
            nodes_s: 86_400,
        }
    }
}

/// How many rows were removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pruned {
    /// Deaths whose last token has expired.
    pub feed: u64,
    /// Changes.
    pub changes: u64,
    /// Usage roll-ups.
    pub usage: u64,
    /// Addresses and libraries that were not seen for long.
    pub sightings: u64,
    /// Sessions that are over.
    pub sessions: u64,
    /// Receipts whose day is over.
    pub receipts: u64,
    /// Notices that were told long ago.
    pub deliveries: u64,
    /// Nodes that were not heard of for long.
    pub nodes: u64,
}

impl Pruned {
    /// Every count.
    pub(crate) fn counts(&mut self) -> [&mut u64; 8] {
        [
            &mut self.feed,
            &mut self.changes,
            &mut self.usage,
            &mut self.sightings,
            &mut self.sessions,
            &mut self.receipts,
            &mut self.deliveries,
            &mut self.nodes,
        ]
    }

    /// Adds another step's counts, and says whether that step left nothing: none of its counts
    /// reached `most`.
    pub(crate) fn add(&mut self, mut step: Self, most: u64) -> bool {
        let mut is_last = true;
        for (sum, count) in self.counts().into_iter().zip(step.counts()) {
            *sum += *count;
            is_last &= *count < most;
        }
        is_last
    }
}

/// Whether the audit log is as it was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Chain {
    /// It is.
    Whole {
        /// How many events it has.
        events: u64,
    },
    /// Somebody edited, added or removed an event.
    Broken {
        /// Number of the first event that is not as it was written, or not there.
        seq: u64,
    },
}

/// What a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// SQL statements, but for those of [`crate::Store::changed_since`] and
    /// [`crate::Store::last_seq`].
    pub statements: u64,
    /// Calls of those two.
    pub polls: u64,
    /// Transactions that were written to disk; each may hold several commits.
    pub transactions: u64,
    /// Mutations that were committed.
    pub commits: u64,
    /// Transactions that were done again: the database undid them for the sake of others, or
    /// their connection broke.
    pub retries: u64,
    /// Transactions of which nobody knows whether they were written.
    pub uncertain: u64,
    /// Connections that were made to a database server.
    pub connects: u64,
    /// Calls that found every connection of their purpose in use.
    pub waits: u64,
}

/// The connections to a database server, now. All zero where there is no server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pool {
    /// How many there may be.
    pub at_most: u64,
    /// How many are in use.
    pub in_use: u64,
    /// How many wait to be used.
    pub idle: u64,
    /// Calls that wait for one.
    pub awaited: u64,
}
