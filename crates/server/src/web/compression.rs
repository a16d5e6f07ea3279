//! Pages and their files are sent compressed to browsers that ask for it. What shows a secret is
//! not: beside text that somebody else may have chosen, its length would tell of it.

use axum::{body::HttpBody, response::Response};
use http::{HeaderValue, header};
use tower_http::compression::{CompressionLayer, Predicate};

/// Below this there is nothing to win, in bytes.
const AT_LEAST: u64 = 1024;

/// What is worth it.
const KINDS: [&str; 4] = ["text/html", "text/css", "text/javascript", "image/svg+xml"];

/// Goes around pages.
pub(crate) fn layer() -> CompressionLayer<WorthIt> {
    CompressionLayer::new().compress_when(WorthIt)
}

/// Marks an answer as one that shows a secret.
pub(crate) fn with_secret(mut response: Response) -> Response {
    response.extensions_mut().insert(Secret);
    response
}

#[derive(Clone)]
struct Secret;

/// Which answers are compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorthIt;

impl Predicate for WorthIt {
    fn should_compress<B: HttpBody>(&self, response: &http::Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is_kind = |known: &&str| kind.is_some_and(|kind| kind.starts_with(known.as_bytes()));
        response.extensions().get::<Secret>().is_none()
            && KINDS.iter().any(is_kind)
            && response.body().size_hint().exact().is_none_or(|bytes| bytes >= AT_LEAST)
    }
}
