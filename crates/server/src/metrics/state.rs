//! How things stand at the moment of asking: read when the page is asked for, and by nobody else.
//! It must never make the page wait for a database that does not answer.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hallpass_core::{Timestamp, ring::Ring};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::app::App;

/// How long the database may take to say how far its log goes.
const PATIENCE: Duration = Duration::from_secs(1);

type Real = Gauge<f64, AtomicU64>;

/// Labels of a key ring.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RingLabels {
    algorithm: &'static str,
}

/// Labels of some keys of a ring.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct KeyLabels {
    algorithm: &'static str,
    status: &'static str,
}

/// Labels of a limit.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct LimitLabels {
    limit: &'static str,
}

/// Labels of connections to the database.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct PoolLabels {
    state: &'static str,
}

/// What is read when the page is asked for.
#[derive(Debug, Default)]
pub(crate) struct State {
    credentials: Gauge,
    imported: Gauge,
    directory_full: Gauge,
    directory_read_throughs: Counter,
    directory_age: Real,
    change_seq: Gauge,
    changes_behind: Real,
    staleness: Real,
    feed_seq: Gauge,
    feed_entries: Gauge,
    feed_readers: Gauge,
    feed_lag: Gauge,
    key_age: Family<RingLabels, Gauge>,
    key_remaining: Family<RingLabels, Gauge>,
    keys: Family<KeyLabels, Gauge>,
    limiter_counters: Family<LimitLabels, Gauge>,
    store_statements: Gauge,
    store_commits: Counter,
    store_retries: Counter,
    store_uncertain: Counter,
    store_connects: Counter,
    store_waits: Counter,
    store_connections: Family<PoolLabels, Gauge>,
    store_awaited: Gauge,
}

impl State {
    pub(super) fn register(&self, to: &mut Registry) {
        self.register_knowledge(to);
        self.register_keys(to);
        self.register_store(to);
    }

    fn register_knowledge(&self, to: &mut Registry) {
        to.register("credentials", "Credentials in the directory", self.credentials.clone());
        to.register(
            "imported_unused",
            "Credentials with an imported secret that nobody has used yet",
            self.imported.clone(),
        );
        to.register(
            "directory_full",
            "1 once every credential is in the directory",
            self.directory_full.clone(),
        );
        to.register(
            "directory_read_throughs",
            "Credentials read from the database because the directory did not have them yet",
            self.directory_read_throughs.clone(),
        );
        to.register_with_unit(
            "directory_age",
            "Since the whole directory was last loaded",
            Unit::Seconds,
            self.directory_age.clone(),
        );
        to.register("change_seq", "Last change applied", self.change_seq.clone());
        to.register(
            "changes_behind",
            "Changes of the database that are not applied yet",
            self.changes_behind.clone(),
        );
        to.register_with_unit(
            "staleness",
            "Since this node last knew that it had seen every change",
            Unit::Seconds,
            self.staleness.clone(),
        );
        to.register("feed_seq", "Last entry of the revocation feed", self.feed_seq.clone());
        to.register("feed_entries", "Live entries of the feed", self.feed_entries.clone());
        to.register("feed_readers", "Open streams of the feed", self.feed_readers.clone());
        to.register(
            "feed_lag_events",
            "Events that the slowest open stream has not taken yet",
            self.feed_lag.clone(),
        );
        to.register(
            "limiter_counters",
            "Counters that a limit holds",
            self.limiter_counters.clone(),
        );
    }

    fn register_keys(&self, to: &mut Registry) {
        to.register_with_unit(
            "signing_key_age",
            "Since the signing key began to sign",
            Unit::Seconds,
            self.key_age.clone(),
        );
        to.register_with_unit(
            "signing_key_remaining",
            "Until another key is to sign",
            Unit::Seconds,
            self.key_remaining.clone(),
        );
        to.register("keys", "Keys by where they stand", self.keys.clone());
    }

    fn register_store(&self, to: &mut Registry) {
        to.register("store_statements", "Statements run so far", self.store_statements.clone());
        to.register("store_commits", "Mutations committed", self.store_commits.clone());
        to.register("store_retries", "Transactions done again", self.store_retries.clone());
        to.register(
            "store_uncertain",
            "Transactions whose outcome nobody knows",
            self.store_uncertain.clone(),
        );
        to.register("store_connects", "Connections made", self.store_connects.clone());
        to.register(
            "store_waits",
            "Calls that found every connection in use",
            self.store_waits.clone(),
        );
        to.register(
            "store_connections",
            "Connections to the database server",
            self.store_connections.clone(),
        );
        to.register(
            "store_connections_awaited",
            "Calls that wait for a connection",
            self.store_awaited.clone(),
        );
    }

    /// Looks at everything.
    pub(crate) async fn look(&self, app: &App, now: Timestamp) {
        let live = &app.live;
        self.credentials.set(live.directory.len() as i64);
        self.imported.set(live.directory.foreign() as i64);
        self.directory_full.set(live.is_full().into());
        self.directory_read_throughs.inner().store(live.read_throughs(), Ordering::Relaxed);
        self.directory_age.set(seconds(now.millis_since(live.loaded_at())));
        self.change_seq.set(live.applied() as i64);
        let newest = tokio::time::timeout(PATIENCE, app.store.last_seq()).await;
        // Not a number while nobody knows: 0 would say that nothing is missing.
        self.changes_behind.set(match newest {
            Ok(Ok(newest)) => newest.saturating_sub(live.applied()) as f64,
            Ok(Err(_)) | Err(_) => f64::NAN,
        });
        self.staleness.set(seconds(now.millis_since(live.as_of())));
        self.feed_seq.set(live.feed.seq() as i64);
        self.feed_entries.set(live.feed.len() as i64);
        self.feed_readers.set(live.feed.readers().len() as i64);
        self.feed_lag.set(live.feed.lag() as i64);
        for (limit, held) in [
            ("failed_logins", app.failed_logins.held()),
            ("sign_ins", app.tries.held()),
            ("sign_ons", app.sign_ons.held()),
            ("management_calls", app.management_calls.held()),
            ("leak_reports", app.leak_reports.held()),
        ] {
            self.limiter_counters.get_or_create(&LimitLabels { limit }).set(held as i64);
        }
        self.look_at_keys(app, now);
        self.look_at_store(app);
    }

    fn look_at_keys(&self, app: &App, now: Timestamp) {
        let longest = app.live.keys.longest_lifetime_s();
        self.key_age.clear();
        self.key_remaining.clear();
        for ring in app.live.keys.rings() {
            let algorithm = ring.algorithm.as_str();
            for status in ["published", "signing", "retired"] {
                let all = ring.keys.iter();
                let count =
                    all.filter(|key| ring.status(key, now, longest).word() == status).count();
                self.keys.get_or_create(&KeyLabels { algorithm, status }).set(count as i64);
            }
            let Some(key) = ring.signing(now) else { continue };
            let labels = RingLabels { algorithm };
            let age_s = now.millis_since(key.signs_from) / 1000;
            self.key_age.get_or_create(&labels).set(age_s as i64);
            let ends_at = successor(&ring, now)
                .unwrap_or_else(|| key.signs_from.plus_secs(app.config.key_rotation_s));
            let remaining_s = ends_at.as_secs() as i64 - now.as_secs() as i64;
            self.key_remaining.get_or_create(&labels).set(remaining_s);
        }
    }

    fn look_at_store(&self, app: &App) {
        let counts = app.store.counts();
        self.store_statements.set(counts.statements as i64);
        for (counter, count) in [
            (&self.store_commits, counts.commits),
            (&self.store_retries, counts.retries),
            (&self.store_uncertain, counts.uncertain),
            (&self.store_connects, counts.connects),
            (&self.store_waits, counts.waits),
        ] {
            counter.inner().store(count, Ordering::Relaxed);
        }
        let pool = app.store.pool();
        for (state, count) in
            [("in_use", pool.in_use), ("idle", pool.idle), ("at_most", pool.at_most)]
        {
            self.store_connections.get_or_create(&PoolLabels { state }).set(count as i64);
        }
        self.store_awaited.set(pool.awaited as i64);
    }
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// When the next key begins to sign, if there is one.
fn successor(ring: &Ring, now: Timestamp) -> Option<Timestamp> {
    let waiting = ring.keys.iter().filter(|key| key.killed_at.is_none() && key.signs_from > now);
    waiting.map(|key| key.signs_from).min()
}
