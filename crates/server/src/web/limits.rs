//! Limits on failed logins, per client and network prefix. They are asked only after a login has
//! failed: whoever has the right secret still gets in while someone else guesses.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hallpass_token::revocation::Handle;
use moka::sync::Cache;

use super::held;

/// How long failures are remembered, in seconds.
const WINDOW_S: u64 = 60;

/// Counters held at once. The least used go first.
const COUNTERS_AT_MOST: u64 = 100_000;

/// Failures of one network prefix over all clients, as a multiple of the limit for one client.
const CLIENTS_PER_PREFIX: u32 = 20;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Whose {
    /// `None`: all clients together.
    client: Option<Handle>,
    prefix: IpAddr,
}

/// The neighbours of an address: a /24 or a /64, which is what one customer of a network gets.
pub(crate) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xFF).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// The neighbours of a caller. Those of unknown address are each other's.
fn prefix_of(from: Option<IpAddr>) -> IpAddr {
    from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix)
}

/// The network of an address as a word; of an unknown one, no word at all.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| prefix(address).to_string())
}

/// Counters of failed logins.
#[derive(Debug)]
pub(crate) struct FailedLogins {
    counters: Cache<Whose, Arc<AtomicU32>>,
    at_most: u32,
    begun: Instant,
    /// Seconds since `begun` at which the last failure is forgotten: spares the hot path the
    /// look-up while there is nothing to forgive.
    busy_until_s: AtomicU64,
}

impl FailedLogins {
    /// At most `at_most` in a minute for one client from one prefix.
    pub(crate) fn new(at_most: u32) -> Self {
        let counters = Cache::builder()
            .max_capacity(COUNTERS_AT_MOST)
            .time_to_live(Duration::from_secs(WINDOW_S))
            .build();
        Self { counters, at_most, begun: Instant::now(), busy_until_s: AtomicU64::new(0) }
    }

    /// Counts a failure. `Err` once there are too many: the seconds to wait.
    pub(crate) fn failed(&self, client_id: &str, from: Option<IpAddr>) -> Result<(), u64> {
        let prefix = prefix_of(from);
        let busy_until_s = self.begun.elapsed().as_secs() + WINDOW_S + 1;
        self.busy_until_s.store(busy_until_s, Ordering::Relaxed);
        let of_client = self.add(Some(Handle::of(client_id)), prefix);
        let of_all = self.add(None, prefix);
        let too_many =
            of_client > self.at_most || of_all > self.at_most.saturating_mul(CLIENTS_PER_PREFIX);
        if too_many { Err(WINDOW_S) } else { Ok(()) }
    }

    /// Whether the next failure is one too many.
    pub(crate) fn is_reached(&self, client_id: &str, from: Option<IpAddr>) -> bool {
        let prefix = prefix_of(from);
        let count = |client| {
            self.counters.get(&Whose { client, prefix }).map_or(0, |n| n.load(Ordering::Relaxed))
        };
        count(Some(Handle::of(client_id))) >= self.at_most
            || count(None) >= self.at_most.saturating_mul(CLIENTS_PER_PREFIX)
    }

    /// Forgives: a client that tries one way of authentication, then another, has not guessed.
    pub(crate) fn succeeded(&self, client_id: &str, from: Option<IpAddr>) {
        let busy_until_s = self.busy_until_s.load(Ordering::Relaxed);
        // Mostly nobody has failed at all, and then not even the clock is asked.
        if busy_until_s == 0 || self.begun.elapsed().as_secs() >= busy_until_s {
            return;
        }
        let prefix = prefix_of(from);
        let own = Whose { client: Some(Handle::of(client_id)), prefix };
        let Some(forgiven) = self.counters.remove(&own) else { return };
        let forgiven = forgiven.load(Ordering::Relaxed);
        if let Some(of_all) = self.counters.get(&Whose { client: None, prefix }) {
            let less = |count: u32| Some(count.saturating_sub(forgiven));
            let _ = of_all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// How many counters are held.
    pub(crate) fn held(&self) -> u64 {
        held(&self.counters)
    }

    fn add(&self, client: Option<Handle>, prefix: IpAddr) -> u32 {
        let counter = self.counters.get_with(Whose { client, prefix }, Arc::default);
        counter.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn guessing_is_counted_per_client_and_prefix() {
        let limits = FailedLogins::new(2);
        for (client, from, ok) in [
            ("a", "192.0.2.1", true),
            ("a", "192.0.2.2", true),
            ("a", "192.0.2.3", false),        // The same /24.
            ("a", "::ffff:192.0.2.3", false), // The same, seen by a dual-stack socket.
            ("a", "192.0.3.1", true),
            ("b", "192.0.2.1", true),
            ("a", "2001:db8::1", true),
            ("a", "2001:db8::ffff", true),
            ("a", "2001:db8::ffff:1", false), // The same /64.
        ] {
            assert_eq!(limits.failed(client, ip(from)).is_ok(), ok, "{client} {from}");
        }
    }

    #[test]
    fn a_success_forgives_the_failures_before_it() {
        let limits = FailedLogins::new(1);
        // More often than all clients of the network together may fail.
        for _ in 0..30 {
            limits.failed("a", ip("192.0.2.1")).unwrap();
            limits.succeeded("a", ip("192.0.2.1"));
        }
    }

    #[test]
    fn guesses_over_many_clients_are_counted_together() {
        let limits = FailedLogins::new(1);
        let refused = (0..30)
            .filter(|number| limits.failed(&number.to_string(), ip("192.0.2.1")).is_err())
            .count();
        assert_eq!(refused, 10);
    }
}
