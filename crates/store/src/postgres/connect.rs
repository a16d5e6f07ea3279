//! Making connections and keeping them: TLS, a pool for each purpose, and pauses while the
//! database is away. Whoever waits for a connection waits for a bounded time.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use deadpool_postgres::{
    ConfigConnectImpl, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod,
    Runtime,
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::time::Instant;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::{Address, Options},
    again::pause,
    failure::{self, Failure, Result},
    hosts::{EachHost, LastGood},
    session::Session,
};
use crate::{StoreError, counters::Counters};

/// Without an answer for this long, a connection is dead.
const SILENCE: Duration = Duration::from_secs(10);

/// All connections of a store, by purpose: whoever writes or polls never waits for readers.
pub(super) struct Connections {
    pub(super) reads: Lane,
    pub(super) writes: Lane,
    pub(super) polls: Lane,
}

impl Connections {
    /// Reads certificates and passwords, and connects to nothing yet.
    pub(super) fn new(
        address: &Address,
        options: &Options,
        counters: &Arc<Counters>,
    ) -> std::result::Result<Self, StoreError> {
        let away = Arc::new(Away::default());
        let last_good = LastGood::default();
        let lane = |size: usize, recycling, counted: bool| -> std::result::Result<_, StoreError> {
            Ok(Lane {
                pool: pool(address, options, (size, recycling), (counters, &last_good))?,
                database: address.to_string(),
                limit: options.statement_timeout,
                counters: counters.clone(),
                is_counted: counted,
                away: away.clone(),
            })
        };
        let readers = options.connections_at_most.max(3) - 2;
        Ok(Self {
            // One that died while nobody used it is noticed before a reader gets it.
            reads: lane(readers, RecyclingMethod::Verified, true)?,
            writes: lane(1, RecyclingMethod::Fast, true)?,
            polls: lane(1, RecyclingMethod::Fast, false)?,
        })
    }
}

/// Connections for one purpose.
pub(super) struct Lane {
    pool: Pool,
    database: String,
    limit: Duration,
    pub(super) counters: Arc<Counters>,
    is_counted: bool,
    away: Arc<Away>,
}

impl Lane {
    /// A connection. While the database is away, this fails at once between tries to connect.
    pub(super) async fn session(&self) -> Result<Session> {
        let status = self.pool.status();
        if status.available == 0 {
            self.away.refuse()?;
            if status.size >= status.max_size {
                self.counters.waits.fetch_add(1, Ordering::Relaxed);
            }
        }
        match self.pool.get().await {
            Ok(client) => {
                self.away.end();
                let counters = self.is_counted.then(|| self.counters.clone());
                Ok(Session::new(client, self.limit, counters))
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Its connections now.
    pub(super) fn pool(&self) -> crate::Pool {
        let status = self.pool.status();
        crate::Pool {
            at_most: status.max_size as u64,
            in_use: status.size.saturating_sub(status.available) as u64,
            idle: status.available as u64,
            awaited: status.waiting as u64,
        }
    }

    fn refused(&self, error: PoolError) -> Failure {
        let unavailable = |why| StoreError::Unavailable(format!("{}: {why}", self.database));
        let why = match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                return Failure::Database(unavailable("all its connections are in use"));
            }
            PoolError::Timeout(_) => unavailable("it does not answer"),
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                failure::of_connecting(&error, &self.database)
            }
            other => StoreError::Unavailable(format!("{}: {other}", self.database)),
        };
        self.away.note(&why);
        match why {
            StoreError::Unusable { .. } => Failure::Database(why),
            why => Failure::Lost(why),
        }
    }
}

/// That the database is away, and until when nobody tries to connect.
#[derive(Default)]
struct Away(Mutex<Option<Absence>>);

struct Absence {
    turn: u32,
    until: Instant,
    why: StoreError,
}

impl Away {
    fn refuse(&self) -> Result<()> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(absence) if Instant::now() < absence.until => {
                Err(Failure::Lost(absence.why.clone()))
            }
            _ => Ok(()),
        }
    }

    fn note(&self, why: &StoreError) {
        let mut absence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = absence.as_ref().map_or(0, |before| before.turn.saturating_add(1));
        *absence = Some(Absence { turn, until: Instant::now() + pause(turn), why: why.clone() });
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn pool(
    address: &Address,
    options: &Options,
    (size, recycling_method): (usize, RecyclingMethod),
    (counters, last_good): (&Arc<Counters>, &LastGood),
) -> std::result::Result<Pool, StoreError> {
    let mut config = address.config.clone();
    config
        .connect_timeout(options.connect_timeout)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE);
    if let Some(path) = &options.password_file {
        let refused = |why: std::io::Error| unusable(address, format!("{}: {why}", path.display()));
        config.password(fs::read_to_string(path).map_err(refused)?.trim_end());
    }
    let managed = ManagerConfig { recycling_method };
    let (limit, last_good) = (options.connect_timeout, last_good.clone());
    let manager = if address.is_encrypted {
        let tls = MakeRustlsConnect::new(tls(address, options)?);
        let one = ConfigConnectImpl { tls };
        Manager::from_connect(config, EachHost { one, limit, last_good }, managed)
    } else {
        let one = ConfigConnectImpl { tls: NoTls };
        Manager::from_connect(config, EachHost { one, limit, last_good }, managed)
    };
    let limit_ms = options.statement_timeout.as_millis();
    // Whoever holds the counter row and is heard of no more must not hold up all other nodes.
    let settings = format!(
        "SET statement_timeout = {limit_ms}; SET idle_in_transaction_session_timeout = {limit_ms}"
    );
    let counters = counters.clone();
    let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        counters.connects.fetch_add(1, Ordering::Relaxed);
        let settings = settings.clone();
        Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.connect_timeout))
        .create_timeout(Some(options.connect_timeout))
        .recycle_timeout(Some(options.connect_timeout))
        .post_create(prepare)
        .build()
        .map_err(|error| unusable(address, error.to_string()))
}

fn tls(address: &Address, options: &Options) -> std::result::Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    match options.root_cert.as_ref().or(address.root_cert.as_ref()) {
        Some(path) => {
            let refused = |why: &dyn std::fmt::Display| {
                unusable(address, format!("{} holds no certificates ({why})", path.display()))
            };
            let all = CertificateDer::pem_file_iter(path).map_err(|why| refused(&why))?;
            for one in all {
                let one = one.map_err(|why| refused(&why))?;
                roots.add(one).map_err(|why| refused(&why))?;
            }
            if roots.is_empty() {
                return Err(refused(&"none is in it"));
            }
        }
        // Some of the system's may be of no use here; without any, connecting says so.
        None => {
            let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| unusable(address, why.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn unusable(address: &Address, why: String) -> StoreError {
    StoreError::Unusable { database: address.to_string(), why }
}
