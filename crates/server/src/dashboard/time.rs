//! Points in time as pages say them: in words that need no counting, with the exact time in UTC
//! beside. Neither reads the clock.

use hallpass_core::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A point in time, seen from another.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    at: Timestamp,
    now: Timestamp,
}

impl Moment {
    /// `at`, as it looks from `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// `2026-12-03T14:00:00Z`.
    pub fn iso(&self) -> String {
        self.date().map_or_else(String::new, |date| date.to_string())
    }

    /// `Thu 3 Dec 2026, 14:00 UTC`.
    pub fn absolute(&self) -> String {
        self.date()
            .map_or_else(String::new, |date| date.strftime("%a %-d %b %Y, %H:%M UTC").to_string())
    }

    /// `5 minutes ago`, `in 12 days`; the date once it is more than two months away.
    pub fn relative(&self) -> String {
        let is_past = self.at <= self.now;
        let (early, late) = if is_past { (self.at, self.now) } else { (self.now, self.at) };
        let secs = late.as_secs() - early.as_secs();
        let (count, unit) = match secs {
            0..=44 => return if is_past { "just now" } else { "in a moment" }.to_owned(),
            45..HOUR => ((secs + MINUTE / 2) / MINUTE, "minute"),
            HOUR..DAY => (secs / HOUR, "hour"),
            DAY..5_184_000 => (secs / DAY, "day"),
            _ => {
                let date = self.date();
                return date.map_or_else(String::new, |d| d.strftime("%-d %b %Y").to_string());
            }
        };
        let plural = if count == 1 { "" } else { "s" };
        if is_past {
            format!("{count} {unit}{plural} ago")
        } else {
            format!("in {count} {unit}{plural}")
        }
    }

    fn date(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(i64::try_from(self.at.as_secs()).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let now = Timestamp::from_secs(1_796_306_400);
        for (secs, wanted) in [
            (-44, "just now"),
            (-45, "1 minute ago"),
            (-3599, "60 minutes ago"),
            (-3600, "1 hour ago"),
            (-2 * 86_400, "2 days ago"),
            (-70 * 86_400, "24 Sep 2026"),
            (0, "just now"),
            (44, "in a moment"),
            (90, "in 2 minutes"),
            (7200, "in 2 hours"),
            (12 * 86_400 + 5, "in 12 days"),
            (366 * 86_400, "4 Dec 2027"),
        ] {
            let at = Timestamp::from_secs(now.as_secs().strict_add_signed(secs));
            assert_eq!(Moment::new(at, now).relative(), wanted, "{secs}");
        }
    }

    #[test]
    fn the_exact_time_stands_beside() {
        let moment = Moment::new(Timestamp::from_secs(1_796_306_400), Timestamp::default());
        assert_eq!(moment.iso(), "2026-12-03T14:00:00Z");
        assert_eq!(moment.absolute(), "Thu 3 Dec 2026, 14:00 UTC");
        assert_eq!(
            Moment::new(Timestamp::from_secs(u64::MAX / 1000), Timestamp::default()).iso(),
            ""
        );
    }
}
