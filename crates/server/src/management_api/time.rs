//! Moments as the API writes them: RFC 3339, always UTC.

use hallpass_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A moment in JSON: `2026-11-25T02:00:00Z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Moment {
    /// As it is written.
    pub(crate) fn text(self) -> String {
        let millis = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis)
            .map_or_else(|_| String::new(), |at| at.to_string())
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl std::str::FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a moment is written as 2026-11-25T02:00:00Z, with its zone";
        let at: jiff::Timestamp = text.parse().map_err(|_| WRONG)?;
        let millis = u64::try_from(at.as_millisecond()).map_err(|_| "a moment is after 1970")?;
        Ok(Self(Timestamp::from_millis(millis)))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_and_need_their_zone() {
        for (text, millis) in [
            ("2026-11-25T02:00:00Z", Some(1_795_572_000_000)),
            ("2026-11-25T03:00:00+01:00", Some(1_795_572_000_000)),
            ("2026-11-25T02:00:00.5Z", Some(1_795_572_000_500)),
            ("2026-11-25T02:00:00", None),
            ("2026-11-25", None),
            ("1969-11-25T02:00:00Z", None),
            ("tomorrow", None),
        ] {
            let moment = text.parse::<Moment>();
            assert_eq!(moment.map(|moment| moment.0.as_millis()).ok(), millis, "{text}");
        }
        let at = Moment(Timestamp::from_millis(1_795_572_000_500));
        assert_eq!(at.text(), "2026-11-25T02:00:00.5Z");
        assert_eq!(serde_json::to_string(&at).unwrap(), r#""2026-11-25T02:00:00.5Z""#);
    }
}
