//! What a trace shows of a request. A trace goes to another system, where others read it than read
//! the log: it holds no path, since some hold a secret, no address and no name.

use http::{HeaderMap, StatusCode};
use ipnet::IpNet;
use opentelemetry::{global, propagation::Extractor};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    metrics::Endpoint,
    web::{address, arrival::Arrival},
};

/// The span of a request. It belongs to the caller's trace (W3C Trace Context, `traceparent`) if the
/// caller is a trusted proxy: a stranger must not choose what is sampled, nor join our traces.
pub(crate) fn request(
    arrival: Arrival,
    method: &'static str,
    endpoint: Endpoint,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Span {
    let endpoint = endpoint.word();
    let span = info_span!(
        "request",
        otel.name = %format_args!("{method} {endpoint}"),
        otel.kind = "server",
        http.request.method = method,
        hallpass.endpoint = endpoint,
        request.id = %arrival.id,
        http.response.status_code = Empty,
        otel.status_code = Empty,
    );
    if !span.is_disabled() && address::is_in(arrival.peer.ip(), trusted) {
        let parent = global::get_text_map_propagator(|format| format.extract(&Carrier(headers)));
        // Refused only once the span has begun, which it has not.
        let _ = span.set_parent(parent);
    }
    span
}

/// Takes down how a request was answered. As a server sees it, only its own failures are errors.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
