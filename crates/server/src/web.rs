//! What endpoints and pages share of HTTP: what a request is known by before its content is
//! looked at, and what stands around every page.

use std::hash::Hash;

use moka::sync::Cache;

pub(crate) mod address;
pub(crate) mod allowance;
pub(crate) mod arrival;
pub(crate) mod carried;
pub(crate) mod challenge;
pub(crate) mod compression;
pub mod cookie;
pub(crate) mod csrf;
pub mod error_page;
pub mod flash;
pub mod form;
pub(crate) mod headers;
pub(crate) mod known_browser;
pub(crate) mod limits;
pub mod next;
pub mod redirect;
pub(crate) mod session;
pub(crate) mod tries;
pub mod visitor;

/// How many entries a cache of counters holds now, those that have ended left out.
fn held<K, V>(counters: &Cache<K, V>) -> u64
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    counters.run_pending_tasks();
    counters.entry_count()
}
