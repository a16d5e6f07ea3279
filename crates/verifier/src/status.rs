//! How the verifier is doing: for health pages, for alarms and for people. Nothing here is secret,
//! and nothing here decides anything.

use std::{
    fmt::{self, Display, Write as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use hallpass_token::Rejection;

/// The words of [`Rejection::reason`].
const REASONS: [&str; 17] = [
    "no_token",
    "other_scheme",
    "invalid_request",
    "malformed",
    "wrong_type",
    "wrong_algorithm",
    "unknown_key",
    "bad_signature",
    "bad_claim",
    "wrong_issuer",
    "wrong_audience",
    "expired",
    "not_yet_valid",
    "bound",
    "revoked",
    "insufficient_scope",
    "unavailable",
];

/// A verifier at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Whether tokens can be verified: keys are known, and the feed is as fresh as was chosen.
    pub ready: bool,
    /// Whose tokens are verified.
    pub issuer: String,
    /// What is known of the revocation feed.
    pub feed: FeedStatus,
    /// The `kid`s of the keys that are trusted.
    pub keys: Vec<String>,
    /// Why the keys could not be fetched the last time, if they could not.
    pub last_key_error: Option<String>,
    /// Why the feed could not be read the last time, if it could not.
    pub last_feed_error: Option<String>,
    /// Why saved state could not be read or written the last time, if it could not.
    pub last_saved_error: Option<String>,
    /// Requests that passed.
    pub accepted: u64,
    /// Requests that did not, by [`Rejection::reason`]; reasons that never occurred are left out.
    pub refused: Vec<(&'static str, u64)>,
    /// How often keys were fetched.
    pub key_fetches: u64,
    /// Tokens whose claims are cached.
    pub cached_tokens: usize,
}

/// What a verifier knows of the revocation feed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FeedStatus {
    /// Whether the issuer offers one. None as long as it could not be asked.
    pub offered: Option<bool>,
    /// The last sequence number that was applied.
    pub seq: Option<u64>,
    /// The time, in Unix seconds, up to which every death is known.
    pub as_of_s: Option<u64>,
    /// The age of that knowledge, in seconds.
    pub staleness_s: Option<u64>,
    /// From the fifth second of staleness on, and while an entry is not understood.
    pub blind: bool,
    /// Over the staleness that was chosen as the most.
    pub stale: bool,
    /// Entries held.
    pub entries: usize,
    /// Entries that this version could not read since the last whole snapshot.
    pub not_understood: u64,
    /// Snapshots that were taken over.
    pub snapshots: u64,
    /// Streams that were begun.
    pub streams: u64,
    /// Gaps that were noticed, and closed by fetching what was missing.
    pub gaps: u64,
    /// Events that could not be read.
    pub unreadable: u64,
}

/// What only ever grows.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    refused: [AtomicU64; REASONS.len()],
}

impl Counters {
    pub(crate) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self, rejection: &Rejection) {
        let reason = rejection.reason();
        if let Some(at) = REASONS.iter().position(|known| *known == reason) {
            self.refused[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> Vec<(&'static str, u64)> {
        let counts = self.refused.iter().map(|count| count.load(Ordering::Relaxed));
        REASONS.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}

/// What went wrong the last time, until it goes right again.
#[derive(Debug, Default)]
pub(crate) struct LastError(Mutex<Option<String>>);

impl LastError {
    /// Returns whether all was well before: then it is news, and worth a line in the log.
    pub(crate) fn note(&self, error: &impl Display) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(error.to_string()).is_none()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Status {
    /// In the text format of Prometheus, version 0.0.4.
    pub fn to_prometheus(&self) -> String {
        let mut text = Metrics(String::with_capacity(2048));
        let feed = &self.feed;
        text.one("ready", "gauge", "Whether tokens can be verified.", u64::from(self.ready));
        text.one("accepted_total", "counter", "Requests that passed.", self.accepted);
        text.head("refused_total", "counter", "Requests that did not pass, by reason.");
        for (reason, count) in &self.refused {
            text.line(format_args!("refused_total{{reason=\"{reason}\"}} {count}"));
        }
        text.one("keys", "gauge", "Keys that are trusted.", self.keys.len() as u64);
        text.one("key_fetches_total", "counter", "Fetches of keys.", self.key_fetches);
        text.one("cached_tokens", "gauge", "Tokens with cached claims.", self.cached_tokens as u64);
        let offered = u64::from(feed.offered == Some(true));
        text.one("feed_offered", "gauge", "Whether the issuer has a revocation feed.", offered);
        text.one("feed_blind", "gauge", "1 from 5 s of staleness on.", u64::from(feed.blind));
        text.one("feed_stale", "gauge", "1 over max_staleness.", u64::from(feed.stale));
        if let Some(staleness_s) = feed.staleness_s {
            text.one("feed_staleness_seconds", "gauge", "Age of what is known.", staleness_s);
        }
        if let Some(seq) = feed.seq {
            text.one("feed_applied_seq", "gauge", "Last sequence number applied.", seq);
        }
        text.one("feed_entries", "gauge", "Entries held.", feed.entries as u64);
        let not_understood = feed.not_understood;
        text.one("feed_not_understood", "gauge", "Entries of a later version.", not_understood);
        text.one("feed_snapshots_total", "counter", "Snapshots taken over.", feed.snapshots);
        text.one("feed_streams_total", "counter", "Streams begun.", feed.streams);
        text.one("feed_gaps_total", "counter", "Gaps noticed and closed.", feed.gaps);
        text.one("feed_unreadable_total", "counter", "Events not readable.", feed.unreadable);
        text.0
    }
}

struct Metrics(String);

impl Metrics {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.line(format_args!("{name} {value}"));
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a string does not fail.
        let _ = writeln!(self.0, "# HELP hallpass_verifier_{name} {help}");
        let _ = writeln!(self.0, "# TYPE hallpass_verifier_{name} {kind}");
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "hallpass_verifier_{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_news_once() {
        let last = LastError::default();
        assert_eq!((last.note(&"a"), last.note(&"b")), (true, false));
        assert_eq!(last.text().as_deref(), Some("b"));
        last.clear();
        assert_eq!((last.text(), last.note(&"c")), (None, true));
    }

    #[test]
    fn refusals_are_counted_by_reason() {
        let counters = Counters::default();
        counters.accept();
        for rejection in [Rejection::NoToken, Rejection::BadSignature, Rejection::NoToken] {
            counters.refuse(&rejection);
        }
        assert_eq!(counters.accepted(), 1);
        assert_eq!(counters.refused(), [("no_token", 2), ("bad_signature", 1)]);
    }

    #[test]
    fn metrics_are_in_the_text_format_of_prometheus() {
        let status = Status {
            ready: true,
            issuer: "https://auth.example.com".to_owned(),
            feed: FeedStatus { seq: Some(7), staleness_s: Some(1), ..FeedStatus::default() },
            keys: vec!["a".to_owned()],
            last_key_error: None,
            last_feed_error: None,
            last_saved_error: None,
            accepted: 5,
            refused: vec![("expired", 2), ("revoked", 3)],
            key_fetches: 1,
            cached_tokens: 4,
        };
        let text = status.to_prometheus();
        for line in [
            "# TYPE hallpass_verifier_accepted_total counter",
            "hallpass_verifier_accepted_total 5",
            "hallpass_verifier_refused_total{reason=\"expired\"} 2",
            "hallpass_verifier_refused_total{reason=\"revoked\"} 3",
            "hallpass_verifier_feed_applied_seq 7",
            "hallpass_verifier_feed_staleness_seconds 1",
            "hallpass_verifier_feed_blind 0",
        ] {
            assert!(text.lines().any(|got| got == line), "{line} in\n{text}");
        }
        assert!(text.ends_with('\n'));
        let names: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let mut distinct = names.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(names.len(), distinct.len());
    }
}
