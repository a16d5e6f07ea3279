//! The caller's side of an API: gets access tokens by the client credentials grant (RFC 6749
//! §4.4), keeps them in memory and renews them ahead of need. It works with any issuer, and it
//! never writes a secret or a token to disk, to a log or into an error message.
//!
//! # From the downloaded file to the first call
//!
//! ```no_run
//! use hallpass_client::{AuthorizedClient, Builder};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // The JSON file that the dashboard offered when the credential was made.
//! let source = Builder::from_json(std::fs::read("credential.json")?)?.build()?;
//! let api = AuthorizedClient::new(source)?;
//!
//! let call = api.http().get("https://api.example.com/v1/books");
//! let answer = api.send(call).await?.error_for_status()?;
//! println!("{}", answer.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Make one [`TokenSource`] per credential and API when the program starts, and clone it: clones
//! share the token. A new source per request would fetch a token per request.
//!
//! # Without reqwest
//!
//! Any other HTTP library works too; tell the source when the API refuses a token:
//!
//! ```no_run
//! use hallpass_client::{Builder, Secret};
//!
//! # async fn call_the_api(_: &str) -> Result<u16, std::io::Error> { Ok(200) }
//! # async fn example(secret: String) -> Result<(), Box<dyn std::error::Error>> {
//! let source = Builder::new("hpc_0000000000000000000000", Secret::new(secret))
//!     .issuer("https://auth.example.com")
//!     .audience("https://api.example.com")
//!     .scope("books:read")
//!     .build()?;
//!
//! let token = source.token().await?;
//! if call_the_api(token.as_str()).await? == 401 {
//!     source.invalidate(&token); // The next `token()` fetches; try once more, not for ever.
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What happens when
//!
//! | when | then |
//! |---|---|
//! | many callers need the first token | one of them fetches it, the others wait for it |
//! | the token is past `refresh_after` (else half its life), ±10 % | a background task renews it, callers get the old one at once |
//! | the issuer is away (no connection, 5xx, 429) | the old token is served until it expires; attempts back off from 1 s to 60 s, or as `Retry-After` says |
//! | the issuer is away and the token has expired | [`TokenError`] says what happened, since when, and when the next attempt is due |
//! | the issuer refuses (`invalid_client` and the like) | the same, with [`Cause::Refused`] carrying the code of RFC 6749 §5.2 |
//! | the API answers 401 | [`AuthorizedClient`] drops the token and tries once more, unless the token was fetched for this very request |
//!
//! Nothing needs a background task to survive: if the runtime that was refreshing is gone, the
//! next caller after expiry fetches by itself. Calls must run inside a tokio runtime with time and
//! I/O enabled, because reqwest needs one.
//!
//! Lifetimes are measured on the monotonic clock from before the request was sent, so a token is
//! never believed to live longer than it does; a machine that was suspended may hold a token that
//! died meanwhile, which the first 401 mends.
//!
//! There is no `reqwest-middleware` in here: the wrapper is one method, and the middleware crate
//! would be the larger dependency.

mod answer;
mod authorized;
mod builder;
mod clock;
mod endpoint;
mod error;
mod flight;
mod json;
mod schedule;
mod secret;
mod source;
mod token;
mod transport;

pub use authorized::{AuthorizedClient, CallError};
pub use builder::{AuthStyle, BuildError, Builder};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Cause, Refusal, TokenError};
pub use secret::Secret;
pub use source::TokenSource;
pub use token::AccessToken;
