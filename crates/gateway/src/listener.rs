//! The accept loops: bounded connections, bounded waiting, HTTP/1.1 and HTTP/2 without TLS, and an
//! end that lets open requests finish. It knows nothing of what is answered.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tracing::{debug, info, warn};

use crate::{
    admin,
    answer::Body,
    direct,
    gateway::{Gateway, StartError},
    reload, service,
};

/// For the head of an HTTP/1.1 request.
const HEAD_AT_MOST: usize = 64 * 1024;

/// Header fields of an HTTP/1.1 request.
const FIELDS_AT_MOST: usize = 100;

/// For the head of an HTTP/2 request.
const HEAD_LIST_AT_MOST: u32 = 64 * 1024;

/// Streams at once on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;

/// A gateway that holds its sockets and does not answer yet.
pub struct Server {
    gateway: Gateway,
    main: TcpListener,
    metrics: TcpListener,
    client: Option<Arc<direct::Client>>,
}

impl Gateway {
    /// Takes the sockets, so that whatever is wrong with them, or with the way to the upstream, is
    /// said at once.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bind(&self) -> Result<Server, StartError> {
        let bind = async |address| {
            TcpListener::bind(address).await.map_err(|why| StartError::Listen { address, why })
        };
        let settings = self.settings();
        let main = bind(settings.listen).await?;
        let metrics = bind(settings.metrics_listen).await?;
        let ca_file = settings.upstream_ca_file.as_deref();
        let upstream = settings.upstream.clone();
        let client = upstream.map(|upstream| direct::Client::new(upstream, ca_file)).transpose()?;
        Ok(Server { gateway: self.clone(), main, metrics, client: client.map(Arc::new) })
    }
}

impl Server {
    /// Where requests come in; the port is real even where 0 was asked for.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.main.local_addr()
    }

    /// Where health and metrics are.
    ///
    /// # Errors
    /// What the system says.
    pub fn metrics_address(&self) -> io::Result<SocketAddr> {
        self.metrics.local_addr()
    }

    /// Answers until the gateway is closed, then lets open requests finish. Rules are read again
    /// whenever their file changes.
    pub async fn run(self) {
        let Self { gateway, main, metrics, client } = self;
        let for_all = Listener::new(&gateway);
        let for_operators = Listener::new(&gateway);
        tokio::join!(
            for_all.run(main, {
                let gateway = gateway.clone();
                move |peer, request| {
                    let (gateway, client) = (gateway.clone(), client.clone());
                    async move { service::answer(&gateway, client.as_deref(), peer, request).await }
                }
            }),
            for_operators.run(metrics, {
                let gateway = gateway.clone();
                move |_, request| {
                    let answer = admin::answer(&gateway, &request);
                    std::future::ready(answer)
                }
            }),
            reload::keep(&gateway),
        );
        info!("Closed");
    }
}

struct Listener {
    gateway: Gateway,
    builder: auto::Builder<TokioExecutor>,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Listener {
    fn new(gateway: &Gateway) -> Arc<Self> {
        let settings = gateway.settings();
        let patience = Duration::from_secs(settings.header_timeout_s);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_headers(FIELDS_AT_MOST)
            .max_buf_size(HEAD_AT_MOST);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .max_header_list_size(HEAD_LIST_AT_MOST)
            .keep_alive_interval(Duration::from_secs(30));
        let places = Arc::new(Semaphore::new(settings.connections_at_most));
        Arc::new(Self { gateway: gateway.clone(), builder, places, patience })
    }

    async fn run<F, A>(self: Arc<Self>, listener: TcpListener, answer: F)
    where
        F: Fn(SocketAddr, Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let graceful = GracefulShutdown::new();
        let closing = self.gateway.closing().clone();
        loop {
            let accept = async {
                // Waits for a place first: connections over the cap stay in the system's queue.
                let place = self.places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = closing.cancelled() => break,
                accepted = accept => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(why) => {
                    // Out of file descriptors, most likely: it passes, and the gateway goes on.
                    warn!(%why, "Cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (this, answer, watcher) = (self.clone(), answer.clone(), graceful.watcher());
            tokio::spawn(async move {
                let open = &this.gateway.metrics().connections;
                open.fetch_add(1, Ordering::Relaxed);
                this.connection(stream, peer, watcher, answer).await;
                open.fetch_sub(1, Ordering::Relaxed);
                drop(place);
            });
        }
        drop(listener);
        let grace = Duration::from_secs(self.gateway.settings().shutdown_grace_s);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            warn!("Some requests did not finish in time");
        }
    }

    async fn connection<F, A>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
        answer: F,
    ) where
        F: Fn(SocketAddr, Request<Incoming>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        // Answers are written whole; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let has_spoken = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let has_spoken = has_spoken.clone();
            move |request| {
                has_spoken.store(true, Ordering::Relaxed);
                let answer = answer(peer, request);
                async move { Ok::<_, Infallible>(answer.await) }
            }
        });
        let io = TokioIo::new(stream);
        let connection = self.builder.serve_connection_with_upgrades(io, service).into_owned();
        let mut connection = std::pin::pin!(watcher.watch(connection));
        // hyper's own clock starts only once it knows which HTTP is spoken: whoever says nothing
        // would keep a place for ever.
        let first = tokio::time::timeout(self.patience, &mut connection).await;
        let ended = match first {
            Ok(ended) => ended,
            Err(_) if has_spoken.load(Ordering::Relaxed) => connection.await,
            Err(_) => {
                debug!(%peer, "A connection without a request was closed");
                return;
            }
        };
        if let Err(why) = ended {
            // Broken framing, slow senders, peers that went away.
            debug!(%peer, %why, "A connection ended badly");
        }
    }
}
