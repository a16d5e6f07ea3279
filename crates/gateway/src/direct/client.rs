//! The way to the upstream: kept connections, HTTP/1.1 or HTTP/2, and a limit for everything that
//! may be waited for.

use std::{io, path::Path, sync::Arc, time::Duration};

use http::{Request, Response, Version, header};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{gateway::StartError, settings::Upstream};

const CONNECT: Duration = Duration::from_secs(2);

/// Kept connections end after so long without a request: before those of most servers do, of which
/// some wait for two seconds only. A request that meets the end of one would be lost.
const IDLE: Duration = Duration::from_millis(1500);

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("{0}")]
    Away(String),
    #[error("no answer within {0:?}")]
    Slow(Duration),
}

/// A client of the upstream.
pub(crate) struct Client {
    pub(crate) upstream: Upstream,
    http: legacy::Client<HttpsConnector<HttpConnector>, Incoming>,
}

impl Client {
    /// Trusts the system's CAs, or these alone.
    pub(crate) fn new(upstream: Upstream, ca_file: Option<&Path>) -> Result<Self, StartError> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(ca_file)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .timer(TokioTimer::new())
            .http2_only(upstream.http2)
            .build(connector);
        Ok(Self { upstream, http })
    }

    /// Sends a request; its address is completed here.
    pub(crate) async fn send(
        &self,
        mut request: Request<Incoming>,
        limit: Duration,
    ) -> Result<Response<Incoming>, Lost> {
        let target = request.uri().path_and_query().cloned();
        let uri = self.upstream.uri(target);
        *request.uri_mut() = uri.ok_or_else(|| Lost::Away("no address".to_owned()))?;
        *request.version_mut() = if self.upstream.http2 {
            // Over HTTP/2 the host stands in the address.
            request.headers_mut().remove(header::HOST);
            Version::HTTP_2
        } else {
            Version::HTTP_11
        };
        match tokio::time::timeout(limit, self.http.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(why)) => Err(Lost::Away(described(&why))),
            Err(_) => Err(Lost::Slow(limit)),
        }
    }
}

/// Whom a TLS upstream has to prove itself to.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, StartError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        let unreadable =
            |why| StartError::Unreadable { path: path.to_owned(), why: io::Error::other(why) };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|why| unreadable(why.to_string()))?;
        for certificate in certificates {
            roots.add(certificate).map_err(|why| unreadable(why.to_string()))?;
        }
    } else {
        // Some systems have certificates that nobody can read.
        let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| StartError::Tls(why.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// With its causes: hyper's own text stops at "client error".
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
