//! Checks access tokens in front of an API (RFC 9068, RFC 6750), and hears within a second when
//! one has died. A request costs no network call: keys are fetched ahead of need, and the issuer's
//! revocation feed is read all the time. It never issues a token and never stores one.
//!
//! # An API with axum, protected
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::{get, post}};
//! use hallpass_verifier::{Caller, Verifier};
//!
//! async fn list(caller: Caller) -> String {
//!     format!("books of {}", caller.organization().unwrap_or("nobody"))
//! }
//!
//! async fn add(caller: Caller) -> String {
//!     format!("added by {}", caller.client_id())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let verifier = Verifier::builder("https://auth.example.com", "https://api.example.com")
//!         .state_dir("/var/lib/books")
//!         .start()
//!         .await?;
//!     let app = Router::new()
//!         .route("/v1/books", get(list).layer(verifier.layer().scope("books:read")))
//!         .route("/v1/books", post(add).layer(verifier.layer().scope("books:write")));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! Make one [`Verifier`] when the program starts, and clone it: clones share keys, cache and
//! feed. Any other framework on tower works the same way; without tower, give the header to
//! [`Verifier::check_async`] and answer with [`Challenge::response`].
//!
//! # What happens when
//!
//! | when | then |
//! |---|---|
//! | no token comes | 401 with `WWW-Authenticate: Bearer realm="…"` and no error code |
//! | the token is malformed, forged, expired, for another API, revoked | 401 `invalid_token`; the log says what was expected and what came |
//! | the header is malformed, or comes twice | 400 `invalid_request` |
//! | a scope is missing | 403 `insufficient_scope`, naming the scope |
//! | keys or feed move to another place | they are found at the next refresh, within the hour |
//! | the `kid` is unknown | keys are fetched once for all who wait, at most every 10 s; the request waits up to 2 s |
//! | the issuer is away | known keys and the known feed go on serving; after 5 s the verifier says that it is blind |
//! | … for longer than `max_staleness_s` (an hour) | 503 with `Retry-After`, or with [`WhenStale::FailOpen`] what is not known to be dead passes |
//! | the API starts while the issuer is away | it works from [`Builder::state_dir`], else 503 until the issuer is back |
//! | the issuer has no revocation feed (it is not Hallpass) | tokens live until they expire; see [`Revocations`] |
//!
//! Staleness is the time since the issuer's `as_of`, so the clocks of both should agree within a
//! second or two, as NTP sees to.
//!
//! [`Verifier::status`] and [`Verifier::metrics_text`] show all of this from within.

/// The program of the how-to, which is compiled with the tests.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../docs/howto/protect-an-api-in-rust.md")]
struct HowTo;

mod builder;
mod cache;
mod caller;
mod challenge;
mod clock;
#[cfg(feature = "axum")]
mod extract;
mod feed;
mod fetch;
mod housekeeping;
mod keys;
mod layer;
mod metadata;
mod resource;
mod saved;
mod status;
mod timing;
mod verifier;

#[cfg(feature = "axum")]
pub use self::extract::{Denied, NotGuarded};
pub use self::{
    builder::{Builder, Revocations, StartError, WhenStale},
    caller::Caller,
    challenge::Challenge,
    clock::{Clock, ManualClock, SystemClock},
    fetch::{Answer, BoxFuture, Chunks, Transport, TransportError},
    layer::{Anonymous, Guarded, RequireToken},
    metadata::BadUrl,
    resource::{MetadataFuture, ResourceMetadata, ServeMetadata, WithMetadata},
    status::{FeedStatus, Status},
    timing::Timing,
    verifier::Verifier,
};
pub use hallpass_token::{Rejection, claims::Claims, jose::Algorithm, verify::BadPolicy};
