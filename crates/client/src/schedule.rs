//! When to renew a token and when to try again after a failure: arithmetic alone. It never reads a
//! clock and never makes a random number; both come in as arguments.

use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A server may ask for more patience than [`LONGEST_PAUSE`], but a slip in a header must not
/// silence a caller for days.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// How far moments are spread, so that a fleet started together does not come back together.
const SPREAD: f64 = 0.1;

/// How long after the request a token of this lifetime is due for renewal: the issuer's advice if
/// it makes sense, else half the lifetime; spread by ±10 %, and never past the end. `random` is
/// from 0 to 1.
pub(crate) fn refresh_after(lifetime: Duration, advice: Option<Duration>, random: f64) -> Duration {
    let due = advice.filter(|due| !due.is_zero() && *due < lifetime).unwrap_or(lifetime / 2);
    spread(due, random).min(lifetime)
}

fn spread(duration: Duration, random: f64) -> Duration {
    let random = if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) };
    duration.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * random)
}

/// The pauses between attempts that fail: one second, doubling to a minute.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// Notes a failure. A pause that the server asked for is kept even if it is longer than ours.
    pub(crate) fn failed(&mut self, now: Instant, retry_after: Option<Duration>, random: f64) {
        let own = FIRST_PAUSE.saturating_mul(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + spread(own, random).max(asked));
    }

    /// Forgets the failures.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long it is until the next attempt; `None` if it may be made now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let wait = self.not_before?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: f64 = 0.5;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_token_is_renewed_as_advised_or_at_half_its_life() {
        for (lifetime_s, advice_s, random, due_s) in [
            (86_400, None, MIDDLE, 43_200.0),
            (86_400, None, 0.0, 38_880.0),
            (86_400, None, 1.0, 47_520.0),
            (86_400, Some(60_000), MIDDLE, 60_000.0),
            (86_400, Some(86_000), 1.0, 86_400.0), // Never past the end.
            (3_600, Some(3_600), MIDDLE, 1_800.0), // Advice that makes no sense.
            (3_600, Some(0), MIDDLE, 1_800.0),
            (3_600, None, f64::NAN, 1_620.0), // A broken source of randomness.
            (3_600, None, 77.0, 1_980.0),
        ] {
            let due = refresh_after(seconds(lifetime_s), advice_s.map(seconds), random);
            let error = (due.as_secs_f64() - due_s).abs();
            assert!(error < 0.001, "{lifetime_s} {advice_s:?} {random}: {due:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_honour_the_server() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.wait(now), None);
        for (retry_after_s, wait_s) in [
            (None, 1),
            (None, 2),
            (Some(1), 4), // Ours is longer.
            (Some(100), 100),
            (None, 16),
            (None, 32),
            (None, 60),
            (None, 60),
            (Some(1_000_000), 3600),
        ] {
            backoff.failed(now, retry_after_s.map(seconds), MIDDLE);
            assert_eq!(backoff.wait(now), Some(seconds(wait_s)));
            assert_eq!(backoff.wait(now + seconds(wait_s)), None);
        }
        backoff.succeeded();
        assert_eq!(backoff.wait(now), None);
        backoff.failed(now, None, MIDDLE);
        assert_eq!(backoff.wait(now), Some(seconds(1)));
    }
}
