//! Nodes: what each says of itself now and then, so that whoever looks at one sees all of them. No
//! state of the installation: nothing is decided by it, and a row that is lost comes again.

use std::net::SocketAddr;

use async_trait::async_trait;
use hallpass_core::Timestamp;

use crate::StoreError;

/// How many nodes are read at most.
pub(crate) const AT_MOST: usize = 1000;

/// What a node says of itself. Times are by its own clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The machine's name, or what its operator calls it.
    pub name: String,
    /// Where its public endpoints listen. With the name: which node.
    pub address: SocketAddr,
    /// Its version of Hallpass.
    pub version: String,
    /// Which issuer it says it is.
    pub issuer: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// When it said this.
    pub said_at: Timestamp,
    /// How often it does, in seconds.
    pub every_s: u64,
    /// Up to when it had seen every change.
    pub as_of: Timestamp,
    /// The last change that it had applied.
    pub applied: u64,
}

/// A node as the database knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// What it said last.
    pub report: Report,
    /// The last change that the database had then.
    pub newest: u64,
}

impl Node {
    /// Whether it has missed at least two reports.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        now.millis_since(self.report.said_at) > 3000 * self.report.every_s
    }

    /// How many changes it had not applied yet when it reported.
    pub fn behind(&self) -> u64 {
        self.newest.saturating_sub(self.report.applied)
    }

    /// How old its knowledge was when it reported, in seconds.
    pub fn staleness_s(&self) -> u64 {
        self.report.said_at.millis_since(self.report.as_of) / 1000
    }
}

/// Reports of nodes. Errors are those of [`Store`](crate::Store).
#[async_trait]
pub trait Nodes {
    /// Takes a node's report in place of its last one.
    async fn put_node(&self, report: &Report) -> Result<(), StoreError>;

    /// Forgets a node that ends.
    async fn drop_node(&self, name: &str, address: SocketAddr) -> Result<(), StoreError>;

    /// Every node that has reported and was not forgotten, by name and address.
    async fn nodes(&self) -> Result<Vec<Node>, StoreError>;
}

/// An address as a row has it.
pub(crate) fn address(text: &str) -> Result<SocketAddr, StoreError> {
    text.parse().map_err(|why| StoreError::damaged("the address of a node", why))
}
