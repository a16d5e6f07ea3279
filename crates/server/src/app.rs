//! What every handler shares.

use std::{net::IpAddr, sync::Arc};

use hallpass_core::{
    Timestamp,
    directory::Directory,
    grant::{self, Authenticated, Login, Refusal, Unproven},
};
use hallpass_store::Store;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    clock::Clock, config::Config, live_directory::LiveDirectory, metrics::Metrics, usage::Counters,
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

    /// Checks a login, and counts it if it fails.
    pub fn authenticate(
        &self,
        login: &Login<'_>,
        directory: &Directory,
        now: Timestamp,
        from: Option<IpAddr>,
    ) -> Result<Authenticated, Refusal> {
        let result = grant::authenticate(login, directory, now, from);
        match &result {
            Ok(_) => self.failed_logins.succeeded(&login.client_id, from),
            Err(Refusal::Unproven(how)) => {
                self.count_failure(login, *how, from)?;
            }
            // The secret was right: no guess.
            Err(_) => {}
        }
        result
    }

    fn count_failure(
        &self,
        login: &Login<'_>,
        how: Unproven,
        from: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        // Only an id of our own form is logged: whatever else came may be a secret.
        let id = login.client_id.parse::<hallpass_core::ClientId>();
        let id = id.as_ref().map_or("(not a client id)", |id| id.as_str());
        info!(client.id = id, address = ?from, ?how, "Client authentication failed");
        self.failed_logins.failed(&login.client_id, from).map_err(|retry_after_s| {
            self.metrics.too_many_failures.inc();
            Refusal::TooManyFailures { retry_after_s }
        })
    }
}
