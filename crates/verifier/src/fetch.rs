//! Reading from the issuer: `GET`, within bounds of time and size. It follows no redirect, sends
//! nothing secret and decides nothing about what it has read.

#[cfg(feature = "fetch")]
pub(crate) mod over_reqwest;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::time::timeout;

/// A future in a box.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asks the issuer. The feature `fetch` brings an implementation on reqwest; another HTTP client
/// can take its place.
///
/// An implementation must not follow redirects, must verify TLS certificates, and must hand the
/// body over as it arrives. Limits of time and size are the verifier's business.
pub trait Transport: Send + Sync + 'static {
    /// Sends a `GET` and returns the head of the answer.
    fn get(&self, request: Request<()>) -> BoxFuture<'_, Result<Answer, TransportError>>;
}

/// The answer to a [`Transport::get`].
pub type Answer = Response<Box<dyn Chunks>>;

/// A body in the course of arriving.
pub trait Chunks: Send {
    /// The next piece, or `None` at the regular end.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>>;
}

/// The connection failed, in words for the log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);

/// Why nothing usable came back.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("no complete answer within {0:?}")]
    TooSlow(Duration),
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("not a URL")]
    NotAUrl,
}

/// How the issuer is asked.
pub(crate) struct Fetch {
    transport: Arc<dyn Transport>,
}

impl Fetch {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// The head of an answer, whatever its status.
    pub(crate) async fn head(
        &self,
        url: &str,
        accept: &'static str,
        if_none_match: Option<&HeaderValue>,
        limit: Duration,
    ) -> Result<Answer, FetchError> {
        let mut request = Request::get(url).header(header::ACCEPT, accept);
        if let Some(tag) = if_none_match {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let request = request.body(()).map_err(|_| FetchError::NotAUrl)?;
        let answer = timeout(limit, self.transport.get(request));
        Ok(answer.await.map_err(|_| FetchError::TooSlow(limit))??)
    }

    /// A whole document of at most `most` bytes, and the head that came with it.
    pub(crate) async fn document(
        &self,
        url: &str,
        most: usize,
        limit: Duration,
    ) -> Result<(http::HeaderMap, Vec<u8>), FetchError> {
        let whole = async {
            let answer = self.head(url, "application/json", None, limit).await?;
            let (head, body) = answer.into_parts();
            if head.status != StatusCode::OK {
                return Err(FetchError::Status(head.status));
            }
            Ok((head.headers, read(body, most).await?))
        };
        timeout(limit, whole).await.map_err(|_| FetchError::TooSlow(limit))?
    }
}

/// The rest of a body, if it has at most `most` bytes.
pub(crate) async fn read(mut body: Box<dyn Chunks>, most: usize) -> Result<Vec<u8>, FetchError> {
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await? {
        if whole.len() + piece.len() > most {
            return Err(FetchError::TooLong(most));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}
