//! The transport of the feature `fetch`. The one place that builds an HTTP client, with redirects
//! off; a proxy is never asked for this machine's own loopback.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::{Answer, BoxFuture, Chunks, Transport, TransportError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct OverReqwest(reqwest::Client);

impl OverReqwest {
    /// Proxies, client certificates and CAs are the builder's; redirects and connecting are ours.
    pub(crate) fn new(
        builder: reqwest::ClientBuilder,
        loopback: bool,
    ) -> Result<Self, reqwest::Error> {
        let builder =
            builder.redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        let builder = if loopback { builder.no_proxy() } else { builder };
        builder.build().map(Self)
    }
}

impl Transport for OverReqwest {
    fn get(&self, request: Request<()>) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let (head, ()) = request.into_parts();
            let call = self.0.get(head.uri.to_string()).headers(head.headers);
            let mut got = call.send().await.map_err(described)?;
            let mut answer = Response::builder().status(got.status());
            if let Some(headers) = answer.headers_mut() {
                std::mem::swap(headers, got.headers_mut());
            }
            answer.body(Box::new(Body(got)) as _).map_err(|e| TransportError(e.to_string()))
        })
    }
}

struct Body(reqwest::Response);

impl Chunks for Body {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { self.0.chunk().await.map_err(described) })
    }
}

/// With its causes: reqwest's own text stops at "error sending request".
fn described(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    TransportError(text)
}
