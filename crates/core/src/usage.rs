//! Usage roll-ups: how often, when last and from where a credential was used. They are counted
//! in memory and written in batches; losing a batch loses a count, never a token.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{ApiId, ClientId, Timestamp};

/// How token requests ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// With a token.
    Issued,
    /// With a refusal, although the secret was right.
    Refused,
}

impl Ending {
    /// The word stored for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Refused => "refused",
        }
    }
}

/// What is counted apart.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The credential.
    pub client_id: ClientId,
    /// Which of its secrets was used: its place in [`crate::Credential::secrets`].
    pub secret: u16,
    /// For which API; absent when refused before that was clear.
    pub api_id: Option<ApiId>,
    /// How it ended.
    pub ending: Ending,
    /// The hour, as hours since the Unix epoch.
    pub hour: u64,
}

/// One roll-up row: written by adding `count` to what is there.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// What is counted.
    #[serde(flatten)]
    pub slot: Slot,
    /// How many requests.
    pub count: u64,
    /// The latest of them.
    pub last_at: Timestamp,
    /// Where the latest came from, if known.
    pub last_address: Option<IpAddr>,
}
