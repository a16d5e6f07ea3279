//! Receipts: what a program was answered when it asked to make something under a key of its own
//! choice, so that it may ask again and nothing is made twice. No state of the installation: a
//! part of [`Store`](crate::Store) because they must survive a restart.

use async_trait::async_trait;
use hallpass_core::{ClientId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// How long a receipt is kept, in seconds.
pub(crate) const KEPT_S: u64 = 86_400;

/// A request to make something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Who asks.
    pub owner: ClientId,
    /// By what they will know it again: theirs alone.
    pub key: String,
    /// Digest of what is asked.
    pub digest: String,
}

/// What was answered; never with a secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Where what was made is found.
    pub location: String,
    /// The body.
    pub body: serde_json::Value,
}

/// What is known of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// Nothing: it is the caller's now, who must settle or release it.
    New,
    /// It was begun, and its end is not known: it is under way, or was cut off.
    Open {
        /// When it was begun.
        since: Timestamp,
    },
    /// It was answered so.
    Answered(Answer),
    /// The key was used for something else.
    Other,
}

/// Keeping receipts. Errors are those of [`Store`](crate::Store).
#[async_trait]
pub trait Receipts {
    /// Claims a request. Of several at once, one gets [`Claim::New`]; as does whoever comes after
    /// the receipt's day.
    async fn claim(&self, request: &Request, now: Timestamp) -> Result<Claim, StoreError>;

    /// Keeps the answer of a request that was claimed.
    async fn settle(&self, request: &Request, answer: &Answer) -> Result<(), StoreError>;

    /// Forgets a request that was claimed and came to nothing.
    async fn release(&self, request: &Request) -> Result<(), StoreError>;
}
