//! What every handler shares.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use hallpass_store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    audit_check::AuditCheck,
    clock::Clock,
    config::Config,
    foreign_secrets::ForeignSecrets,
    live_directory::LiveDirectory,
    management::{Act, Caller, Door},
    metrics::Metrics,
    notices::Notices,
    passwords::Passwords,
    sign_on,
    usage::Counters,
    web::{allowance::Allowance, challenge::Answered, limits::FailedLogins, tries::Tries},
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
    pub live: Arc<LiveDirectory>,
    /// Counters for the operator.
    pub metrics: Metrics,
    /// Counters for the customers.
    pub usage: Counters,
    /// Failed logins.
    pub(crate) failed_logins: FailedLogins,
    /// Secrets that only a slow check can compare.
    pub(crate) foreign: ForeignSecrets,
    /// Failed tries to sign in.
    pub(crate) tries: Tries,
    /// Challenges that passkeys have answered.
    pub(crate) answered: Answered,
    /// Turns at checking passwords.
    pub(crate) passwords: Passwords,
    /// Calls of the management API, by credential.
    pub(crate) management_calls: Allowance,
    /// Reports of found secrets, by network.
    pub(crate) leak_reports: Allowance,
    /// Talks with providers, by network.
    pub(crate) sign_ons: Allowance,
    /// Places for talks with providers that go on at once.
    pub(crate) talks: Semaphore,
    /// What webhooks and members are told by.
    pub(crate) notices: Notices,
    /// Whether the audit log is as it was written.
    pub(crate) audit_check: AuditCheck,
    /// Where it listens, once it does: the port is real even where 0 was asked for.
    pub(crate) bound: OnceLock<SocketAddr>,
    /// Set when the node is about to shut down: it still answers, and asks for no more requests.
    pub draining: CancellationToken,
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
    /// Where the public endpoints listen.
    pub fn address(&self) -> SocketAddr {
        self.bound.get().copied().unwrap_or(self.config.listen)
    }

    /// An act of this caller, now, on this node.
    pub fn act<'a>(&'a self, caller: &'a Caller) -> Act<'a> {
        Act {
            caller,
            store: &*self.store,
            door: Door::Node(&self.live),
            pepper: &self.live.directory.pepper,
            vault: self.live.keys.vault(),
            now: self.clock.now(),
            only_if: None,
        }
    }
}

impl App {
    /// Puts a node together. The settings must have been validated.
    pub fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        live: Arc<LiveDirectory>,
    ) -> Self {
        Self(Arc::new(Parts {
            failed_logins: FailedLogins::new(config.failed_logins_per_minute),
            foreign: ForeignSecrets::new(config.imported_checks_at_once),
            answered: Answered::default(),
            tries: Tries::new(config.failed_sign_ins_per_minute),
            passwords: Passwords::new(config.password_checks_at_once),
            management_calls: Allowance::new(config.management_calls_per_minute),
            leak_reports: Allowance::new(config.leak_reports_per_minute),
            sign_ons: Allowance::new(sign_on::at_most(&config)),
            talks: Semaphore::new(sign_on::TALKS_AT_ONCE),
            notices: Notices::new(&config.webhook_networks),
            audit_check: AuditCheck::default(),
            config,
            clock,
            store,
            live,
            metrics: Metrics::default(),
            usage: Counters::default(),
            bound: OnceLock::new(),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
        }))
    }
}
