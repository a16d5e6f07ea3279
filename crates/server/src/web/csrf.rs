//! No other site can make a signed-in browser post a form here: its `Sec-Fetch-Site`, or else its
//! `Origin`, tells where a request comes from. So forms carry no token that could leak or expire.

use http::{HeaderMap, HeaderValue, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::error_page::PageError;
use crate::config::Config;

/// What a refusal looks like.
type Refuse = fn(ProtectionError) -> Response<axum::body::Body>;

/// Refuses posts from other sites. The issuer's own origin is known, so a proxy that rewrites
/// `Host` does not matter.
pub(crate) fn layer(config: &Config) -> CsrfLayer<Refuse> {
    let layer = CsrfLayer::new();
    let layer = match layer.clone().add_trusted_origin(config.issuer_origin()) {
        Ok(layer) => layer,
        // Validated settings have an origin; without it `Host` must match.
        Err(why) => {
            tracing::error!(%why, "The issuer's URL has no origin");
            layer
        }
    };
    layer.with_rejection_response((|_| PageError::CrossSite.undressed()) as Refuse)
}

/// Whether another site has led the browser here, as far as the browser says.
pub(crate) fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::post};
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    async fn answer(headers: &[(&str, &str)]) -> StatusCode {
        let config =
            Config { issuer: "https://auth.example.com/path".to_owned(), ..Config::default() };
        let router = Router::new().route("/", post(async || "done")).layer(layer(&config));
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn only_our_own_pages_may_post() {
        for (headers, passes) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://evil.example.com")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "null")], false),
            // A proxy that tells its own name of us, or none of the newer headers.
            (&[("origin", "https://auth.example.com"), ("host", "10.0.0.7:8420")], true),
            (&[("origin", "https://auth.example.com.evil.example"), ("host", "10.0.0.7")], false),
            (&[("origin", "http://auth.example.com"), ("host", "10.0.0.7")], false),
            (&[("origin", "null"), ("host", "auth.example.com")], false),
            // Not a browser: it has no session to abuse.
            (&[], true),
        ] {
            let wanted = if passes { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer(headers).await, wanted, "{headers:?}");
        }
    }
}
