//! An API that knows nothing of tokens: it says what came, streams, and speaks another protocol
//! when asked.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::stream;
use hyper_util::rt::TokioIo;
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

/// A running API. It ends with the test.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// What `/v1/books/stream` says, piece by piece; dropped, it ends.
    pub(crate) pieces: mpsc::Sender<&'static str>,
    serving: JoinHandle<()>,
}

type Pieces = std::sync::Arc<Mutex<Option<mpsc::Receiver<&'static str>>>>;

impl Upstream {
    pub(crate) async fn start() -> Self {
        let (pieces, receiver) = mpsc::channel(8);
        let app = Router::new()
            .route("/v1/books/stream", get(stream_of))
            .route("/v1/books/socket", get(socket))
            .route("/v1/books/silent", get(async || std::future::pending::<()>().await))
            .route("/v1/books/count", any(count))
            .fallback(echo)
            .with_state(Pieces::new(Mutex::new(Some(receiver))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, pieces, serving }
    }

    /// The same over TLS, for `localhost`; returns its certificate as PEM.
    pub(crate) async fn start_tls() -> (SocketAddr, String) {
        let names = vec!["localhost".to_owned()];
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let service = hyper::service::service_fn(async |request: hyper::Request<_>| {
                    Ok::<_, Infallible>(echo(request.map(Body::new)).await)
                });
                let builder = hyper::server::conn::http1::Builder::new();
                tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
            }
        });
        (address, cert.pem())
    }

    /// As the file of a gateway names it.
    pub(crate) fn setting(&self, scheme: &str) -> String {
        format!("upstream = \"{scheme}://{}\"", self.address)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What came: the HTTP version, the method, the target, and each header with all of its values.
async fn echo(request: Request) -> Response {
    let mut headers = serde_json::Map::new();
    for (name, value) in request.headers() {
        let value = Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned());
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(value);
    }
    let mut response = Json(json!({
        "version": format!("{:?}", request.version()),
        "method": request.method().as_str(),
        "target": request.uri().path_and_query().unwrap().as_str(),
        "authority": request.uri().authority().map(ToString::to_string),
        "headers": headers,
    }))
    .into_response();
    response.headers_mut().insert("x-from-upstream", HeaderValue::from_static("yes"));
    response.headers_mut().insert("keep-alive", HeaderValue::from_static("timeout=7"));
    response
}

/// How long the body is.
async fn count(body: Body) -> String {
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    whole.len().to_string()
}

async fn stream_of(State(pieces): State<Pieces>) -> Response {
    let receiver = pieces.lock().await.take().unwrap();
    let body = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), receiver))
    });
    Body::from_stream(body).into_response()
}

/// Becomes a line on which everything comes back.
async fn socket(mut request: Request) -> Response {
    let wanted = request.headers().get(header::UPGRADE).cloned();
    let Some(wanted) = wanted else { return StatusCode::UPGRADE_REQUIRED.into_response() };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let head =
        [(header::UPGRADE, wanted), (header::CONNECTION, HeaderValue::from_static("upgrade"))];
    (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
}
