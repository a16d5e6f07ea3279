//! Whether a revocation feed is as `docs/feed.md` says, seen from outside: whoever serves one finds
//! out here, and whoever reads one may rely on what is checked here. Nothing of a reader is used but
//! the parsers of the token crate, which the test vectors bind.

mod feed;
mod kill;
mod metadata;
mod report;
mod snapshot;
mod stream;

use std::{future::Future, pin::Pin};

use self::feed::Http;
pub use self::report::{Line, Report, Verdict};

/// Makes something die, and returns once that is acknowledged.
pub type Kill = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Looks at the feed of an issuer. With `kill` it also sees a death arrive.
pub async fn check(issuer: &str, kill: Option<Kill>) -> Report {
    let mut report = Report::default();
    let Some(http) = report.note("there is an HTTP client", Http::new()) else { return report };
    let feed = metadata::feed(&http, issuer).await;
    let Some(feed) = report.note("metadata name the issuer and its feed", feed) else {
        return report;
    };
    let Some(seen) = snapshot::check(&http, &feed, &mut report).await else { return report };
    stream::check(&http, &feed, seen.seq, &mut report).await;
    match kill {
        Some(kill) => kill::check(&http, &feed, kill, &mut report).await,
        None => report.skip(kill::ARRIVES, "no --kill was given"),
    }
    report
}
