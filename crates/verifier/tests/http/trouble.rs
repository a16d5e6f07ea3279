//! What can go wrong with an answer. Each is really sent, byte by byte, over a real connection.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Redirect, Response},
};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENTS: &str = "text/event-stream";

/// An answer that is not what it should be.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Nothing but a status.
    Status(u16),
    /// A whole answer of this type and text.
    Says(&'static str, String),
    /// A whole snapshot, of which a cache has just heard that it holds at this time.
    Confirmed(u64, String),
    /// The text, and then the connection breaks.
    Breaks(&'static str, String),
    /// The text, and then nothing more, for ever.
    Hangs(&'static str, String),
    /// The text over and over.
    Endless(&'static str, String),
    /// Not even a head.
    Silent,
    /// To another place.
    Moved(String),
}

impl Trouble {
    pub(crate) async fn answer(self) -> Response {
        let (kind, body) = match self {
            Self::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
            Self::Moved(to) => return Redirect::temporary(&to).into_response(),
            Self::Silent => std::future::pending().await,
            Self::Confirmed(as_of_s, text) => {
                return ([("hallpass-as-of", as_of_s.to_string())], text).into_response();
            }
            Self::Says(kind, text) => (kind, Body::from(text)),
            Self::Hangs(kind, text) => {
                let text = stream::once(async { Ok::<_, Infallible>(Bytes::from(text)) });
                (kind, Body::from_stream(text.chain(stream::pending())))
            }
            Self::Breaks(kind, text) => {
                let pieces = [Ok(Bytes::from(text)), Err(io::Error::other("it breaks here"))];
                (kind, Body::from_stream(stream::iter(pieces)))
            }
            Self::Endless(kind, text) => {
                let text = Bytes::from(text);
                let pieces = stream::repeat(text).map(Ok::<_, Infallible>);
                (kind, Body::from_stream(pieces))
            }
        };
        let mut response = body.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

/// Waits, but not for ever: only a test that has failed gets there.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(30), work).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within 30 s"),
    }
}

/// Waits until something is so that nobody tells of.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(2));
    let waiting = async {
        while !is_so() {
            looks.tick().await;
        }
    };
    within(what, waiting).await;
}

/// Moves the timers of everything on by hours, until something is so. The time that tokens and
/// feed are judged by stands still. A task that was busy when an hour passed gets the next one.
pub(crate) async fn hours_pass_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3601)).await;
        tokio::time::resume();
        let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
    }
    panic!("{what}: not in 500 hours");
}
