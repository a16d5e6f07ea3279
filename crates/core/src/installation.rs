//! What holds for the whole installation, beside which every change is made.

use hallpass_token::verify::LEEWAY_MAX_S;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, vault::Vault};

/// How much longer than the longest token lifetime a death stays in the feed, in seconds.
///
/// A node that is cut off from the database issues tokens for up to its `max_staleness` (which
/// may be 6 hours at most) without knowing of a kill, and verifiers allow some leeway; the
/// entry must outlive those tokens too.
pub const FEED_MARGIN_S: u64 = MAX_STALENESS_S + LEEWAY_MAX_S;

/// The largest `max_staleness` that a node may be configured with, in seconds.
pub const MAX_STALENESS_S: u64 = 6 * 3600;

/// The one row about the installation itself.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    /// The longest token lifetime that any API has ever had, in seconds: outstanding tokens may
    /// be as old as that even when the API has been changed since.
    pub longest_lifetime_s: u64,
    /// The wrapped data keys; absent only before the first start.
    pub vault: Option<Vault>,
}

impl Installation {
    /// When the last token that was issued by `now` has certainly expired everywhere.
    pub fn until(&self, now: Timestamp) -> Timestamp {
        now.plus_secs(self.longest_lifetime_s + FEED_MARGIN_S)
    }
}
