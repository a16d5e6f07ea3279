//! Times as people write and read them.

use anyhow::{Context, bail};
use hallpass_core::Timestamp;
use jiff::{Span, SpanRelativeTo};

/// A length of time such as `24h`, `30d` or `90 days`, in seconds.
pub(crate) fn seconds(text: &str) -> anyhow::Result<u64> {
    // What jiff says beyond that is about its own types.
    let Ok(span) = text.parse::<Span>() else {
        bail!("{text:?} is not a length of time, such as 90m, 24h or 30d")
    };
    let Ok(duration) = span.to_duration(SpanRelativeTo::days_are_24_hours()) else {
        bail!("{text:?} has no fixed length; use days or hours")
    };
    match u64::try_from(duration.as_secs()) {
        Ok(secs) => Ok(secs),
        Err(_) => bail!("{text:?} is a negative length of time"),
    }
}

/// A point in time: `in 30d` as `30d`, or a date and time with its zone.
pub(crate) fn point(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(date) = text.parse::<jiff::Timestamp>() {
        let millis = u64::try_from(date.as_millisecond());
        return millis.map(Timestamp::from_millis).context("dates before 1970 make no sense here");
    }
    match seconds(text) {
        Ok(secs) => Ok(now.plus_secs(secs)),
        Err(why) => bail!("{why}; nor a date with time and zone, such as 2027-01-31T12:00:00Z"),
    }
}

/// The same, which has not come yet: an end that lies in the past is a slip of the pen.
pub(crate) fn end(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let end = point(text, now)?;
    if end <= now {
        bail!("{text:?} is in the past, so this would have ended before it began");
    }
    Ok(end)
}

/// A date and time with its zone.
pub(crate) fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let date = text.parse::<jiff::Timestamp>().ok();
    let Some(millis) = date.and_then(|date| u64::try_from(date.as_millisecond()).ok()) else {
        bail!("{text:?} is not a date with time and zone, such as 2027-01-31T12:00:00Z")
    };
    Ok(Timestamp::from_millis(millis))
}

/// A point in time in UTC, to the second.
pub(crate) fn utc(at: Timestamp) -> String {
    let date = i64::try_from(at.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    date.map_or_else(|| "never".to_owned(), |date| date.to_string())
}

/// The same, or a dash.
pub(crate) fn utc_or_dash(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_dates_read_as_people_write_them() {
        let now = Timestamp::from_secs(1_764_000_000);
        for (text, wanted) in [
            ("90s", Some(90)),
            ("24h", Some(86_400)),
            ("30d", Some(30 * 86_400)),
            ("2 weeks", Some(14 * 86_400)),
            ("1h 30m", Some(5400)),
            ("-1h", None),
            ("1 month", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(text).ok(), wanted, "{text}");
        }
        assert_eq!(point("1h", now).unwrap(), now.plus_secs(3600));
        let date = point("2025-11-24T16:00:00Z", now).unwrap();
        assert_eq!((date, utc(date)), (now, "2025-11-24T16:00:00Z".to_owned()));
        assert!(point("tomorrow", now).is_err());
        assert!(end("1s", now).is_ok());
        assert!(end("0s", now).is_err() && end("2025-11-24T15:59:59Z", now).is_err());
    }
}
