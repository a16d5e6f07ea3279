//! An organization's own rules for its credentials, stricter than the installation's. Asked by
//! whoever makes or changes a credential on the organization's behalf.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, credential::Settings};

/// The shortest life that a policy may demand of secrets, in seconds.
const SECRET_LIFE_AT_LEAST_S: u64 = 3600;

/// What an organization demands of its credentials. The default demands nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Every new secret must end, within this many seconds.
    pub secret_life_at_most_s: Option<u64>,
    /// Every credential must say from which addresses it may be used.
    pub allow_list_required: bool,
    /// A new credential becomes active only when an owner or admin approves it.
    pub approval_required: bool,
}

/// What a credential lacks under a policy. Each message says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyViolation {
    /// A secret without an end, or with one too far ahead.
    #[error(
        "your organization lets a secret live for {} at most: give it an end date within that",
        spoken(*.at_most_s)
    )]
    SecretLivesTooLong {
        /// The longest life, in seconds.
        at_most_s: u64,
    },
    /// A credential that works from anywhere.
    #[error(
        "your organization wants an IP allow-list on every credential: give at least one range"
    )]
    NoAllowList,
    /// Outside what a policy may say.
    #[error("the longest life of a secret must be an hour or more; got {0} seconds")]
    TooShort(u64),
}

fn spoken(secs: u64) -> String {
    match secs {
        secs if secs % 86_400 == 0 => format!("{} days", secs / 86_400),
        secs if secs % 3600 == 0 => format!("{} hours", secs / 3600),
        secs => format!("{secs} seconds"),
    }
}

impl Policy {
    /// Checks what the type cannot.
    pub fn validate(&self) -> Result<(), PolicyViolation> {
        match self.secret_life_at_most_s {
            Some(secs) if secs < SECRET_LIFE_AT_LEAST_S => Err(PolicyViolation::TooShort(secs)),
            _ => Ok(()),
        }
    }

    /// Whether a secret made at `now` may end at `expires_at`.
    pub fn check_secret(
        &self,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), PolicyViolation> {
        let Some(at_most_s) = self.secret_life_at_most_s else { return Ok(()) };
        match expires_at {
            Some(end) if end <= now.plus_secs(at_most_s) => Ok(()),
            _ => Err(PolicyViolation::SecretLivesTooLong { at_most_s }),
        }
    }

    /// Whether a credential may have these settings.
    pub fn check_settings(&self, settings: &Settings) -> Result<(), PolicyViolation> {
        if self.allow_list_required && settings.allow_list.is_empty() {
            return Err(PolicyViolation::NoAllowList);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_refuses_what_it_says_and_nothing_else() {
        const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
        let day = Policy { secret_life_at_most_s: Some(86_400), ..Policy::default() };
        let too_long = Err(PolicyViolation::SecretLivesTooLong { at_most_s: 86_400 });
        for (policy, end_s, wanted) in [
            (&Policy::default(), None, Ok(())),
            (&day, None, too_long.clone()),
            (&day, Some(86_401), too_long),
            (&day, Some(86_400), Ok(())),
        ] {
            let end = end_s.map(|secs| NOW.plus_secs(secs));
            assert_eq!(policy.check_secret(end, NOW), wanted, "{end_s:?}");
        }
        let listed = Policy { allow_list_required: true, ..Policy::default() };
        let mut settings = Settings::new("reports".parse().unwrap(), Vec::new());
        assert_eq!(listed.check_settings(&settings), Err(PolicyViolation::NoAllowList));
        settings.allow_list.push("192.0.2.0/24".parse().unwrap());
        assert_eq!(listed.check_settings(&settings), Ok(()));
    }

    #[test]
    fn refusals_say_how_long() {
        for (secs, words) in [(86_400, "1 days"), (7200, "2 hours"), (3601, "3601 seconds")] {
            let text = PolicyViolation::SecretLivesTooLong { at_most_s: secs }.to_string();
            assert!(text.contains(words), "{text}");
        }
        let short = Policy { secret_life_at_most_s: Some(60), ..Policy::default() };
        assert_eq!(short.validate(), Err(PolicyViolation::TooShort(60)));
    }
}
