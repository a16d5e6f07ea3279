//! `hallpass serve`: the server, until it is told to end.

use std::{fs, sync::Arc, time::Duration};

use anyhow::Context;
use hallpass_server::{
    App, Config as ServerConfig, LiveDirectory, Server, clock::SystemClock, housekeeping,
};
use hallpass_store::Store;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};
use tracing::{info, warn};

use crate::{
    config::{self, Config},
    installation::Installation,
    logs,
    supervisor::Supervisor,
};

/// A server that answers in the background.
pub(super) struct Running {
    pub(super) app: App,
    pub(super) installation: Installation,
    pub(super) address: std::net::SocketAddr,
    pub(super) metrics_address: std::net::SocketAddr,
    server: JoinHandle<()>,
    tasks: tokio_util::task::TaskTracker,
}

impl Running {
    /// Opens the installation, takes the sockets and starts to answer.
    pub(super) async fn start(config: &Config) -> anyhow::Result<Self> {
        let (installation, master) = Installation::set_up(config).await?;
        let store: Arc<dyn Store> = installation.store.clone();
        let clock = Arc::new(SystemClock);
        let max_staleness_s = config.server.max_staleness_s;
        let live =
            LiveDirectory::open(store.clone(), &master, clock.clone(), max_staleness_s).await?;
        let app = App::new(named(&config.server), clock, store, live);
        let server = Server::bind(app.clone()).await?;
        let (address, metrics_address) = (server.public_address()?, server.metrics_address()?);
        let tasks = housekeeping::start(&app);
        let server = tokio::spawn(server.run());
        Ok(Self { app, installation, address, metrics_address, server, tasks })
    }

    /// Lets load balancers notice that it is about to end, unless told to end a second time.
    async fn drain(&self, end: &mut End, drain_s: u64) {
        if drain_s == 0 {
            return;
        }
        info!("Draining: everything is answered for {drain_s} s more, and /readyz says 503");
        self.app.draining.cancel();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(drain_s)) => {}
            () = end.comes() => {}
        }
    }

    /// Lets open requests finish, writes what is counted, and ends.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.app.closing.cancel();
        self.server.await.context("the server ended badly")?;
        self.tasks.wait().await;
        Ok(())
    }
}

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let traces = logs::start(&config.local)?;
    for says in config::misspelt_variables() {
        warn!("{says}");
    }
    let supervisor = Supervisor::from_environment();
    let mut end = End::listen()?;
    let running = tokio::select! {
        running = Running::start(&config) => running?,
        () = end.comes() => return Ok(()),
    };
    info!(
        issuer = config.server.issuer,
        listen = %running.address,
        metrics = %running.metrics_address,
        tls = config.server.tls_cert.is_some(),
        change.seq = running.app.live.applied(),
        "Hallpass answers"
    );
    if !running.address.ip().is_loopback() && config.server.tls_cert.is_none() {
        warn!("Listening beyond loopback without TLS: put a proxy in front that speaks TLS");
    }
    if let Some(link) = set_up_link(&running.installation, &config).await? {
        // Not logged: whoever reads the log would be let in. Nothing else is ever printed.
        println!(
            "Nobody is operator of this installation yet. Become the first one here:\n\n    {link}\n"
        );
    }
    supervisor.ready(&format!("Answers at {}", running.address));
    tokio::spawn(supervisor.try_clone()?.keep_alive());
    end.comes().await;
    let (drain_s, grace_s) = (config.server.shutdown_drain_s, config.server.shutdown_grace_s);
    supervisor.stopping(Duration::from_secs(drain_s + grace_s));
    running.drain(&mut end, drain_s).await;
    info!("Closing: open requests may finish");
    running.stop().await?;
    traces.end().await;
    Ok(())
}

/// Where the system says what the machine is called. A hardened service may not see the first.
const MACHINE_NAME: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];

/// The settings, with the machine's name where the node has none of its own.
fn named(config: &ServerConfig) -> ServerConfig {
    let mut config = config.clone();
    if config.node_name.is_empty() {
        let mut machines = MACHINE_NAME.iter().filter_map(|path| fs::read_to_string(path).ok());
        let machine = machines.next().unwrap_or_default();
        config.node_name = machine.trim().chars().take(100).collect();
    }
    config
}

/// Where the first operator is made, while there is none.
pub(super) async fn set_up_link(
    installation: &Installation,
    config: &Config,
) -> anyhow::Result<Option<String>> {
    if !installation.store.operators().await?.is_empty() {
        return Ok(None);
    }
    let text = installation.vault.set_up_text();
    Ok(Some(config.server.url(&format!("/setup/{}", text.expose()))))
}

/// The signals that end a server, listened for before it starts: one that comes at once must
/// neither be lost nor cut it off.
pub(super) struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until the server is told to end.
    pub(super) async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
