//! What every handler shares.

use std::sync::Arc;

use hallpass_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    config::Config,
    live_directory::LiveDirectory,
    management::{Act, Caller, Door},
    metrics::Metrics,
    usage::Counters,
    web::limits::FailedLogins,
};

/// One node. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of a node.
pub struct Parts {
    /// Its settings.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The database.
    pub store: Arc<dyn Store>,
    /// Directory, keys and feed.
    pub live: LiveDirectory,
    /// Counters for the operator.
    pub metrics: Metrics,
    /// Counters for the customers.
    pub usage: Counters,
    /// Failed logins.
    pub(crate) failed_logins: FailedLogins,
    /// Set when the node shuts down, so that open streams end.
    pub closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("issuer", &self.config.issuer).finish_non_exhaustive()
    }
}

impl Parts {
    /// An act of this caller, now, on this node.
    pub fn act<'a>(&'a self, caller: &'a Caller) -> Act<'a> {
        Act {
            caller,
            store: &*self.store,
            door: Door::Node(&self.live),
            pepper: &self.live.directory.pepper,
            now: self.clock.now(),
        }
    }
}

impl App {
    /// Puts a node together. The settings must have been validated.
    pub fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        live: LiveDirectory,
    ) -> Self {
        Self(Arc::new(Parts {
            failed_logins: FailedLogins::new(config.failed_logins_per_minute),
            config,
            clock,
            store,
            live,
            metrics: Metrics::default(),
            usage: Counters::default(),
            closing: CancellationToken::new(),
        }))
    }
}
