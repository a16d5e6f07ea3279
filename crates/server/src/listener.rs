//! The accept loops: bounded connections, bounded waiting, TLS or not, HTTP/1.1 and HTTP/2, and
//! an end that lets open requests finish.

mod first_bytes;
mod in_words;
pub mod proxy_header;
mod tls;
mod unread;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tracing::{debug, info, warn};

pub use self::tls::TlsError;
use self::{first_bytes::FirstBytes, in_words::InWords, tls::Tls, unread::Unread};
use crate::{
    app::App,
    edge::{self, RequestIds},
    routes,
    web::address,
};

/// Streams at once on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;

/// For the head of an HTTP/1.1 request. hyper would hold six times as much for every stranger.
const HEAD_AT_MOST: usize = 64 * 1024;

/// For the TLS handshake, in seconds.
const HANDSHAKE_S: u64 = 10;

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {why}; is another process listening there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        why: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that holds its sockets and does not answer yet.
#[derive(Debug)]
pub struct Server {
    app: App,
    public: TcpListener,
    metrics: TcpListener,
    tls: Option<Tls>,
    certificate_look: Duration,
}

impl Server {
    /// Takes the sockets and reads the certificate, so that whatever is wrong is said at once.
    pub async fn bind(app: App) -> Result<Self, ListenError> {
        let bind = async |address| {
            TcpListener::bind(address).await.map_err(|why| ListenError::Bind { address, why })
        };
        let tls = match (&app.config.tls_cert, &app.config.tls_key) {
            (Some(cert), Some(key)) => Some(Tls::load(cert, key)?),
            _ => None,
        };
        let public = bind(app.config.listen).await?;
        if let Ok(address) = public.local_addr() {
            // Bound twice, a node goes by its first address.
            let _ = app.bound.set(address);
        }
        Ok(Self {
            public,
            metrics: bind(app.config.metrics_listen).await?,
            app,
            tls,
            certificate_look: tls::LOOK,
        })
    }

    /// Looks for a renewed certificate this often instead of every ten seconds.
    #[must_use]
    pub fn with_certificate_look(mut self, every: Duration) -> Self {
        self.certificate_look = every;
        self
    }

    /// Where the public endpoints are; the port is real even where 0 was asked for.
    pub fn public_address(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// Where `/metrics` is.
    pub fn metrics_address(&self) -> io::Result<SocketAddr> {
        self.metrics.local_addr()
    }

    /// Answers until the app is told to close, then lets open requests finish.
    pub async fn run(self) {
        let Self { app, public, metrics, tls, certificate_look } = self;
        let reload = tls.clone();
        let spoken_for = app.config.proxy_protocol_from.clone();
        let for_all = Listener::new(&app, routes::public(&app), tls, spoken_for);
        let for_operators = Listener::new(&app, routes::metrics(&app), None, Vec::new());
        tokio::join!(
            for_all.run(public),
            for_operators.run(metrics),
            tls::keep_reloading(reload, certificate_look, app.closing.clone()),
        );
        info!("Closed");
    }
}

struct Listener {
    app: App,
    router: Router,
    tls: Option<Tls>,
    /// Who says by the PROXY protocol for whom it calls.
    spoken_for: Vec<IpNet>,
    builder: auto::Builder<TokioExecutor>,
    ids: Arc<RequestIds>,
    places: Arc<Semaphore>,
}

impl Listener {
    fn new(app: &App, router: Router, tls: Option<Tls>, spoken_for: Vec<IpNet>) -> Arc<Self> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let header_timeout = Duration::from_secs(app.config.header_timeout_s);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(HEAD_AT_MOST);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .keep_alive_interval(Duration::from_secs(30));
        Arc::new(Self {
            router,
            tls,
            spoken_for,
            builder,
            ids: Arc::new(RequestIds::new()),
            places: Arc::new(Semaphore::new(app.config.connections_at_most)),
            app: app.clone(),
        })
    }

    async fn run(self: Arc<Self>, listener: TcpListener) {
        let graceful = GracefulShutdown::new();
        loop {
            let accept = async {
                // Waits for a place first: connections over the cap stay in the system's queue.
                let place = self.places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = self.app.closing.cancelled() => break,
                accepted = accept => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(why) => {
                    // Out of file descriptors, most likely: it passes, and the server goes on.
                    warn!(%why, "Cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let this = self.clone();
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                this.app.metrics.connections.inc();
                this.clone().connection(stream, peer, watcher).await;
                this.app.metrics.connections.dec();
                drop(place);
            });
        }
        drop(listener);
        let grace = Duration::from_secs(self.app.config.shutdown_grace_s);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            warn!("Some requests did not finish in time");
        }
    }

    async fn connection(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let Some(peer) = self.caller(&mut stream, peer).await else { return };
        // Answers are written whole; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let limit = Duration::from_secs(self.app.config.unread_timeout_s);
        let stream = Unread::within(limit, stream);
        match &self.tls {
            None => self.http(stream, peer, watcher).await,
            Some(tls) => {
                let handshake = tls.acceptor().accept(stream);
                let limit = Duration::from_secs(HANDSHAKE_S);
                match tokio::time::timeout(limit, handshake).await {
                    Ok(Ok(stream)) => self.http(stream, peer, watcher).await,
                    Ok(Err(why)) => debug!(%peer, %why, "No TLS handshake"),
                    Err(_) => debug!(%peer, "The TLS handshake took too long"),
                }
            }
        }
    }

    /// Who calls, if need be by what a load balancer says; `None` if it does not say so properly.
    async fn caller(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<SocketAddr> {
        if !address::is_in(peer.ip(), &self.spoken_for) {
            return Some(peer);
        }
        let limit = Duration::from_secs(self.app.config.header_timeout_s);
        match tokio::time::timeout(limit, proxy_header::read(stream)).await {
            Ok(Ok(caller)) => Some(caller.unwrap_or(peer)),
            Ok(Err(why)) => {
                debug!(%peer, %why, "No PROXY header");
                None
            }
            Err(_) => {
                debug!(%peer, "The PROXY header took too long");
                None
            }
        }
    }

    async fn http(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let this = self.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let this = this.clone();
            async move { edge::serve(&this.app, &this.router, &this.ids, peer, request).await }
        });
        let limit = Duration::from_secs(self.app.config.header_timeout_s);
        let stream = TokioIo::new(InWords::new(FirstBytes::within(limit, stream)));
        let connection = self.builder.serve_connection(stream, service).into_owned();
        if let Err(why) = watcher.watch(connection).await {
            // Broken framing, slow senders, peers that went away.
            debug!(%peer, %why, "A connection ended badly");
        }
    }
}
