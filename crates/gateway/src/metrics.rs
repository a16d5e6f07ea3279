//! What the gateway counts, in the text format of Prometheus. Nothing here names a caller.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::answer::Refusal;

/// The words of [`Refusal::reason`].
const REASONS: [&str; 9] = [
    "token",
    "path",
    "no_route",
    "question",
    "stranger",
    "nothing_here",
    "no_header",
    "upstream_away",
    "upstream_slow",
];

/// Counters and states.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    admitted: AtomicU64,
    anonymous: AtomicU64,
    refused: [AtomicU64; REASONS.len()],
    pub(crate) connections: AtomicU64,
    reloads: AtomicU64,
    bad_reloads: AtomicU64,
    /// The file has changed to something that cannot be used.
    outdated: AtomicBool,
    /// Upgraded connections and answers that were cut, since their token had died.
    cut: AtomicU64,
}

impl Metrics {
    pub(crate) fn admit(&self, is_anonymous: bool) {
        let counter = if is_anonymous { &self.anonymous } else { &self.admitted };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self, refusal: &Refusal) {
        if let Some(at) = REASONS.iter().position(|reason| *reason == refusal.reason()) {
            self.refused[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn reloaded(&self, is_good: bool) {
        let counter = if is_good { &self.reloads } else { &self.bad_reloads };
        counter.fetch_add(1, Ordering::Relaxed);
        self.outdated.store(!is_good, Ordering::Relaxed);
    }

    pub(crate) fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    /// In the text format of Prometheus, version 0.0.4.
    pub(crate) fn text(&self, routes: usize) -> String {
        let mut text = String::with_capacity(2048);
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(String, u64)]| {
            // Writing into a string does not fail.
            let _ = writeln!(text, "# HELP hallpass_gateway_{name} {help}");
            let _ = writeln!(text, "# TYPE hallpass_gateway_{name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "hallpass_gateway_{name}{labels} {value}");
            }
        };
        let one = |value: &AtomicU64| [(String::new(), value.load(Ordering::Relaxed))];
        let admitted = [("token", &self.admitted), ("anonymous", &self.anonymous)]
            .map(|(by, value)| (format!("{{by=\"{by}\"}}"), value.load(Ordering::Relaxed)));
        family("admitted_total", "counter", "Requests that got through.", &admitted);
        let refused = REASONS.iter().zip(&self.refused).map(|(reason, value)| {
            (format!("{{reason=\"{reason}\"}}"), value.load(Ordering::Relaxed))
        });
        let refused: Vec<_> = refused.collect();
        family("refused_total", "counter", "Requests that did not, by reason.", &refused);
        family("connections", "gauge", "Open connections.", &one(&self.connections));
        let good = "Times that changed rules were taken over.";
        family("reloads_total", "counter", good, &one(&self.reloads));
        let bad = "Times that changed rules could not be used.";
        family("bad_reloads_total", "counter", bad, &one(&self.bad_reloads));
        let outdated = u64::from(self.outdated.load(Ordering::Relaxed));
        let help = "1 while the file is not what is in force.";
        family("rules_outdated", "gauge", help, &[(String::new(), outdated)]);
        let routes = [(String::new(), routes as u64)];
        family("routes", "gauge", "Routes in force.", &routes);
        let help = "Connections and answers cut with their token.";
        family("cut_total", "counter", help, &one(&self.cut));
        text
    }
}

#[cfg(test)]
mod tests {
    use hallpass_verifier::Rejection;

    use super::*;

    #[test]
    fn what_happens_is_counted_by_reason() {
        let metrics = Metrics::default();
        metrics.admit(false);
        metrics.admit(true);
        metrics.refuse(&Refusal::NoRoute);
        metrics.refuse(&Refusal::Token(Rejection::NoToken));
        metrics.reloaded(true);
        metrics.reloaded(false);
        let text = metrics.text(3);
        for line in [
            "hallpass_gateway_admitted_total{by=\"token\"} 1",
            "hallpass_gateway_admitted_total{by=\"anonymous\"} 1",
            "hallpass_gateway_refused_total{reason=\"no_route\"} 1",
            "hallpass_gateway_refused_total{reason=\"token\"} 1",
            "hallpass_gateway_refused_total{reason=\"path\"} 0",
            "hallpass_gateway_reloads_total 1",
            "hallpass_gateway_rules_outdated 1",
            "hallpass_gateway_routes 3",
        ] {
            assert!(text.lines().any(|got| got == line), "{line} in\n{text}");
        }
    }
}
