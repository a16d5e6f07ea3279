//! Limits on tries to sign in. A password can be guessed, so a try is counted before it is looked
//! at, and given back if it was right. Nobody can lock a person out from elsewhere: tries are
//! counted by network, and a browser in which the person has signed in before has a count of its
//! own.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hallpass_core::{Timestamp, opaque::OpaqueDigest};
use moka::sync::Cache;

use super::{held, limits::prefix};

/// How long a failed try is remembered, in seconds.
const WINDOW_S: u64 = 60;

/// Counters held at once. The least used go first.
const COUNTERS_AT_MOST: u64 = 100_000;

/// Failed tries at all people from one network, as a multiple of the limit.
pub(crate) const PEOPLE_PER_NETWORK: u32 = 20;

/// Failed tries at one person from all networks, as a multiple of the limit: few enough that a
/// thousand machines cannot guess a password that the strength estimator has let pass.
const NETWORKS_PER_PERSON: u32 = 5;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Whose {
    /// A person from one network.
    PersonAt(OpaqueDigest, IpAddr),
    /// Everybody from one network.
    Network(IpAddr),
    /// A person from everywhere, browsers that know them excepted.
    Person(OpaqueDigest),
    /// A person at a browser that knows them.
    Known(OpaqueDigest, OpaqueDigest),
}

/// Failures within one stretch of time.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    begun_at: Timestamp,
    count: u32,
}

type Counter = Arc<Mutex<Window>>;

/// Counters of failed tries.
#[derive(Debug)]
pub(crate) struct Tries {
    counters: Cache<Whose, Counter>,
    at_most: u32,
}

/// Who tries, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Trier {
    /// Digest of the address that was typed: an e-mail address is not kept in memory for this.
    pub(crate) person: OpaqueDigest,
    /// The network address, if known.
    pub(crate) from: Option<IpAddr>,
    /// The browser, if the person has signed in there before.
    pub(crate) browser: Option<OpaqueDigest>,
}

/// A try that counts as failed until it is known to be right.
#[must_use]
#[derive(Debug)]
pub(crate) struct Try(Vec<Counter>);

impl Tries {
    /// At most `at_most` failures in a minute for one person from one network.
    pub(crate) fn new(at_most: u32) -> Self {
        let counters = Cache::builder()
            .max_capacity(COUNTERS_AT_MOST)
            .time_to_idle(Duration::from_secs(2 * WINDOW_S))
            .build();
        Self { counters, at_most }
    }

    /// Counts a try as failed. `Err` if there were too many: the seconds to wait.
    pub(crate) fn begin(&self, trier: &Trier, now: Timestamp) -> Result<Try, u64> {
        let limits = self.limits(trier);
        let counters: Vec<Counter> = limits
            .iter()
            .map(|(whose, _)| self.counters.get_with(whose.clone(), Arc::default))
            .collect();
        let begun: Vec<Result<(), u64>> = counters
            .iter()
            .zip(&limits)
            .map(|(counter, (_, at_most))| count(counter, *at_most, now))
            .collect();
        match begun.iter().filter_map(|counted| counted.err()).max() {
            None => Ok(Try(counters)),
            Some(wait_s) => {
                // A refused try costs nothing: otherwise whoever asks again and again never gets in.
                for (counter, _) in
                    counters.iter().zip(&begun).filter(|(_, counted)| counted.is_ok())
                {
                    give_back(counter);
                }
                Err(wait_s)
            }
        }
    }

    /// How many counters are held.
    pub(crate) fn held(&self) -> u64 {
        held(&self.counters)
    }

    fn limits(&self, trier: &Trier) -> Vec<(Whose, u32)> {
        let person = trier.person.clone();
        if let Some(browser) = &trier.browser {
            return vec![(Whose::Known(person, browser.clone()), self.at_most)];
        }
        let network = trier.from.map_or(IpAddr::from([0, 0, 0, 0]), prefix);
        vec![
            (Whose::PersonAt(person.clone(), network), self.at_most),
            (Whose::Person(person), self.at_most.saturating_mul(NETWORKS_PER_PERSON)),
            (Whose::Network(network), self.at_most.saturating_mul(PEOPLE_PER_NETWORK)),
        ]
    }
}

impl Try {
    /// It was right: as if it had not been.
    pub(crate) fn was_right(self) {
        self.0.iter().for_each(give_back);
    }
}

fn count(counter: &Counter, at_most: u32, now: Timestamp) -> Result<(), u64> {
    let mut window = counter.lock().unwrap_or_else(PoisonError::into_inner);
    let age_ms = now.millis_since(window.begun_at);
    if age_ms >= WINDOW_S * 1000 {
        *window = Window { begun_at: now, count: 0 };
    } else if window.count >= at_most {
        return Err((WINDOW_S * 1000 - age_ms).div_ceil(1000));
    }
    window.count += 1;
    Ok(())
}

fn give_back(counter: &Counter) {
    let mut window = counter.lock().unwrap_or_else(PoisonError::into_inner);
    window.count = window.count.saturating_sub(1);
}

#[cfg(test)]
mod tests {
    use hallpass_core::opaque::Opaque;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn trier(person: &str, from: &str, browser: Option<&str>) -> Trier {
        let digest = |text| Opaque::presented(text).digest();
        Trier {
            person: digest(person),
            from: Some(from.parse().unwrap()),
            browser: browser.map(digest),
        }
    }

    #[test]
    fn an_outsider_stops_only_themselves() {
        let tries = Tries::new(2);
        for (person, from, browser, ok) in [
            ("ada", "192.0.2.1", None, true),
            ("ada", "192.0.2.2", None, true),
            ("ada", "192.0.2.3", None, false),   // The same /24.
            ("ada", "198.51.100.1", None, true), // Ada at home.
            ("bob", "192.0.2.1", None, true),
            ("ada", "192.0.2.1", Some("hers"), true), // Ada at her browser, beside the outsider.
            ("ada", "192.0.2.1", Some("hers"), true),
            ("ada", "192.0.2.1", Some("hers"), false),
            ("ada", "192.0.2.1", Some("other"), true),
        ] {
            let tried = tries.begin(&trier(person, from, browser), NOW);
            assert_eq!(tried.is_ok(), ok, "{person} {from} {browser:?}");
        }
    }

    #[test]
    fn a_thousand_networks_share_what_one_person_allows() {
        let tries = Tries::new(2);
        let passed = (0..1000)
            .filter(|n| {
                let from = format!("10.{}.{}.1", n / 200, n % 200);
                tries.begin(&trier("ada", &from, None), NOW).is_ok()
            })
            .count();
        assert_eq!(passed, 10);
        assert!(tries.begin(&trier("ada", "192.0.2.1", Some("hers")), NOW).is_ok());
        assert!(tries.begin(&trier("bob", "192.0.2.1", None), NOW).is_ok());
    }

    #[test]
    fn guesses_at_many_people_are_counted_together() {
        let tries = Tries::new(1);
        let passed = (0..100)
            .filter(|n| tries.begin(&trier(&n.to_string(), "192.0.2.1", None), NOW).is_ok())
            .count();
        assert_eq!(passed, 20);
    }

    #[test]
    fn right_tries_and_refused_ones_cost_nothing_and_time_forgives() {
        let tries = Tries::new(2);
        let ada = trier("ada", "192.0.2.1", None);
        for _ in 0..100 {
            tries.begin(&ada, NOW).unwrap().was_right();
        }
        for _ in 0..2 {
            let _wrong = tries.begin(&ada, NOW).unwrap();
        }
        for secs in [0, 30, 59] {
            assert_eq!(tries.begin(&ada, NOW.plus_secs(secs)).unwrap_err(), 60 - secs);
        }
        assert!(tries.begin(&ada, NOW.plus_secs(60)).is_ok());
    }
}
