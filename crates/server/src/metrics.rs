//! Numbers for the operator, in Prometheus's text format. A registry belongs to one server, so
//! that several can run side by side in one process.

mod state;

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use self::state::State;

/// The endpoints that are told apart.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "each is the endpoint of its name")]
pub enum Endpoint {
    Token,
    Revoke,
    Introspect,
    Metadata,
    Jwks,
    Feed,
    FeedStream,
    Health,
    Dashboard,
    ManagementApi,
    Other,
}

impl Endpoint {
    /// The word for it in metrics and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Revoke => "revoke",
            Self::Introspect => "introspect",
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::Feed => "feed",
            Self::FeedStream => "feed_stream",
            Self::Health => "health",
            Self::Dashboard => "dashboard",
            Self::ManagementApi => "management_api",
            Self::Other => "other",
        }
    }
}

impl EncodeLabelValue for Endpoint {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.word(), encoder)
    }
}

/// Labels of a request.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct RequestLabels {
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// The status of the answer.
    pub status: u16,
}

/// Labels of how something ended.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct OutcomeLabels {
    /// A word from a closed list: `issued`, or the error code, for tokens.
    pub outcome: &'static str,
}

/// Labels of a duration.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct EndpointLabel {
    /// Which endpoint.
    pub endpoint: Endpoint,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_025, 4.0, 10))
}

/// How a try to sign in may end.
const SIGN_INS: [&str; 7] =
    ["password", "passkey", "recovery code", "link", "single sign-on", "wrong", "limited"];

/// Every metric of a server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Members of the families below, kept at hand for the busiest case of all.
    issued_answers: Counter,
    token_durations: Histogram,
    /// Tokens issued.
    pub issued: Counter,
    /// Answers.
    pub requests: Family<RequestLabels, Counter>,
    /// Token requests.
    pub tokens: Family<OutcomeLabels, Counter>,
    /// How long answers took.
    pub durations: Family<EndpointLabel, Histogram, fn() -> Histogram>,
    /// Open connections.
    pub connections: Gauge,
    /// Tries of people to sign in.
    pub sign_ins: Family<OutcomeLabels, Counter>,
    /// Notices that were put on their way.
    pub notices_told: Counter,
    /// Tries to deliver one.
    pub deliveries: Family<OutcomeLabels, Counter>,
    /// Failed logins that were answered with 429.
    pub too_many_failures: Counter,
    /// Checks of imported secrets.
    pub imported_checks: Family<OutcomeLabels, Counter>,
    /// Imported secrets that got a digest of ours.
    pub imported_upgraded: Counter,
    /// Calls of the management API that were answered with 429.
    pub management_limited: Counter,
    /// Reports of found secrets that were answered with 429.
    pub leak_reports_limited: Counter,
    /// Usage counts that found no room.
    pub usage_dropped: Counter,
    /// Batches of usage that were written.
    pub usage_batches: Counter,
    /// Batches of usage that could not be written.
    pub usage_lost: Counter,
    /// Handlers that panicked.
    pub panics: Counter,
    /// Readers of the feed that were told to start over.
    pub feed_resets: Counter,
    /// Look-ups in the change log that failed.
    pub tail_failures: Counter,
    /// How things stand.
    pub(crate) state: State,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::<RequestLabels, Counter>::default();
        let tokens = Family::<OutcomeLabels, Counter>::default();
        let durations =
            Family::<_, Histogram, _>::new_with_constructor(seconds as fn() -> Histogram);
        let endpoint = Endpoint::Token;
        let issued_answers = RequestLabels { endpoint, status: 200 };
        let mut metrics = Self {
            registry: Registry::with_prefix("hallpass"),
            issued_answers: requests.get_or_create_owned(&issued_answers),
            token_durations: durations.get_or_create_owned(&EndpointLabel { endpoint }),
            issued: tokens.get_or_create_owned(&OutcomeLabels { outcome: "issued" }),
            requests,
            tokens,
            durations,
            connections: Gauge::default(),
            sign_ins: Family::default(),
            notices_told: Counter::default(),
            deliveries: Family::default(),
            too_many_failures: Counter::default(),
            imported_checks: Family::default(),
            imported_upgraded: Counter::default(),
            management_limited: Counter::default(),
            leak_reports_limited: Counter::default(),
            usage_dropped: Counter::default(),
            usage_batches: Counter::default(),
            usage_lost: Counter::default(),
            panics: Counter::default(),
            feed_resets: Counter::default(),
            tail_failures: Counter::default(),
            state: State::default(),
        };
        metrics.register();
        metrics.begin();
        metrics
    }
}

impl Metrics {
    /// Begins what is told apart at zero: otherwise the first failure would be no increase.
    fn begin(&self) {
        for outcome in SIGN_INS {
            drop(self.sign_ins.get_or_create(&OutcomeLabels { outcome }));
        }
        for outcome in ["delivered", "failed"] {
            drop(self.deliveries.get_or_create(&OutcomeLabels { outcome }));
        }
        for outcome in ["right", "wrong", "limited", "busy"] {
            drop(self.imported_checks.get_or_create(&OutcomeLabels { outcome }));
        }
        for outcome in ["invalid_client", "temporarily_unavailable", "server_error"] {
            drop(self.tokens.get_or_create(&OutcomeLabels { outcome }));
        }
        for status in [500, 503] {
            let endpoint = Endpoint::Token;
            drop(self.requests.get_or_create(&RequestLabels { endpoint, status }));
        }
    }

    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("http_requests", "Answers", self.requests.clone());
        to.register("token_requests", "Token requests by outcome", self.tokens.clone());
        to.register_with_unit(
            "http_request_duration",
            "From the request's head to the answer's head",
            Unit::Seconds,
            self.durations.clone(),
        );
        to.register("connections", "Open connections", self.connections.clone());
        to.register("sign_ins", "Tries of people to sign in, by outcome", self.sign_ins.clone());
        to.register("notices", "Notices put on their way", self.notices_told.clone());
        to.register("notice_deliveries", "Tries to deliver a notice", self.deliveries.clone());
        to.register(
            "failed_logins_limited",
            "Failed logins answered with 429",
            self.too_many_failures.clone(),
        );
        to.register(
            "imported_checks",
            "Slow checks of imported secrets, by outcome",
            self.imported_checks.clone(),
        );
        to.register(
            "imported_upgraded",
            "Imported secrets that were used and got a digest of ours",
            self.imported_upgraded.clone(),
        );
        to.register(
            "management_limited",
            "Calls of the management API answered with 429",
            self.management_limited.clone(),
        );
        to.register(
            "leak_reports_limited",
            "Reports of found secrets answered with 429",
            self.leak_reports_limited.clone(),
        );
        to.register(
            "usage_dropped",
            "Uses not counted for want of room",
            self.usage_dropped.clone(),
        );
        to.register("usage_lost", "Usage batches not written", self.usage_lost.clone());
        to.register("panics", "Requests that met a defect", self.panics.clone());
        to.register("usage_batches", "Usage batches written", self.usage_batches.clone());
        to.register(
            "feed_resets",
            "Readers of the feed that were told to start over",
            self.feed_resets.clone(),
        );
        to.register("tail_failures", "Failed looks at the change log", self.tail_failures.clone());
        self.state.register(to);
    }

    /// Counts an answer, and how long it took.
    pub fn answered(&self, endpoint: Endpoint, status: u16, took: Duration) {
        let took_s = took.as_secs_f64();
        if (endpoint, status) == (Endpoint::Token, 200) {
            self.issued_answers.inc();
            self.token_durations.observe(took_s);
            return;
        }
        self.requests.get_or_create(&RequestLabels { endpoint, status }).inc();
        self.durations.get_or_create(&EndpointLabel { endpoint }).observe(took_s);
    }

    /// Counts a try to sign in: the means that worked, or `wrong` or `limited`.
    pub(crate) fn signed_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts a try to deliver a notice.
    pub(crate) fn delivered(&self, is_good: bool) {
        let outcome = if is_good { "delivered" } else { "failed" };
        self.deliveries.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into memory does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
