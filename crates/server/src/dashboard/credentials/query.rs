//! What a list is asked for, as its address says it: so that a list can be shared, kept as a
//! bookmark and come back to.

use hallpass_core::{Credential, Timestamp, credential::Status};
use hallpass_store::{CredentialFilter, Newest};
use serde::Deserialize;

use crate::dashboard::query;

/// The words that a status is asked for by, and what the form calls them.
pub(super) const STATUSES: [(&str, &str); 5] = [
    ("", "Any status"),
    ("active", "Active"),
    ("pending", "Pending"),
    ("paused", "Paused"),
    ("revoked", "Revoked"),
];

/// The query of a list's address. Empty: everything.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub(super) struct Asked {
    /// In names and ids.
    pub q: String,
    /// One of [`STATUSES`]; another word asks for nothing.
    pub status: String,
    /// A tag.
    pub tag: String,
    /// The last credential of the page before.
    pub after: String,
}

impl Asked {
    /// As the store understands it; whose credentials they are is not for an address to say.
    pub(super) fn filter(&self) -> CredentialFilter {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let is_known = STATUSES.iter().any(|(word, _)| *word == self.status);
        CredentialFilter {
            organization_id: None,
            status: given(&self.status).filter(|_| is_known),
            text: given(&self.q),
            tag: given(&self.tag),
        }
    }

    /// Whether it asks for less than everything.
    pub(super) fn is_narrow(&self) -> bool {
        self.filter() != CredentialFilter::default()
    }

    /// Where the page before has ended. What cannot be read begins at the beginning.
    pub(super) fn place(&self) -> Option<Newest> {
        let (millis, id) = self.after.split_once('.')?;
        let created_at = Timestamp::from_millis(millis.parse().ok()?);
        Some(Newest { created_at, client_id: id.parse().ok()? })
    }

    /// The same list from its beginning.
    pub(super) fn first(&self) -> Self {
        Self { after: String::new(), ..self.clone() }
    }

    /// The page that follows this place.
    pub(super) fn following(&self, place: &Newest) -> Self {
        let after = format!("{}.{}", place.created_at.as_millis(), place.client_id);
        Self { after, ..self.clone() }
    }

    /// What is asked for with this tag.
    pub(super) fn tagged(tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..Self::default() }
    }

    /// The address, below this path.
    pub(super) fn address(&self, path: &str) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("status", self.status.as_str()),
            ("tag", self.tag.as_str()),
            ("after", self.after.as_str()),
        ];
        query::address(path, &pairs)
    }
}

/// From when on an end is worth a warning, in seconds.
const SOON_S: u64 = 14 * 86_400;

/// The word for a status that a person sees, with what its dates add to it.
pub(super) fn word(own: &Credential, now: Timestamp) -> &'static str {
    match own.status {
        Status::Pending { .. } => "Pending",
        Status::Paused => "Paused",
        Status::Revoked { .. } => "Revoked",
        Status::Active if own.has_expired(now) => "Expired",
        Status::Active => match last_end(own, now) {
            Some(end) if end <= now.plus_secs(SOON_S) => "Expiring",
            _ => "Active",
        },
    }
}

/// What ends next of it: the credential or one of its usable secrets.
pub(super) fn next_end(own: &Credential, now: Timestamp) -> Option<Timestamp> {
    let secrets = own.usable_secrets(now).filter_map(|secret| secret.expires_at);
    own.settings.expires_at.into_iter().chain(secrets).filter(|end| *end > now).min()
}

/// When nothing gets tokens with it any more: it has ended itself, or the last of its secrets has.
pub(super) fn last_end(own: &Credential, now: Timestamp) -> Option<Timestamp> {
    let secrets: Option<Vec<Timestamp>> =
        own.usable_secrets(now).map(|secret| secret.expires_at).collect();
    let last_secret = secrets.and_then(|ends| ends.into_iter().max());
    own.settings.expires_at.into_iter().chain(last_secret).min()
}

#[cfg(test)]
mod tests {
    use hallpass_core::{
        ClientId, OrganizationId, SecretId,
        credential::{NewSecret, Settings},
        secret::{Pepper, Secret},
    };

    use super::*;

    #[test]
    fn an_address_says_what_is_asked_and_nothing_else() {
        let asked =
            Asked { q: "a b&c=d".to_owned(), tag: "nightly".to_owned(), ..Asked::default() };
        assert_eq!(asked.address("/list"), "/list?q=a%20b%26c%3Dd&tag=nightly");
        assert_eq!(Asked::default().address("/list"), "/list");
        let place = Newest {
            created_at: Timestamp::from_millis(7),
            client_id: ClientId::from_entropy([1; 16]),
        };
        let next = asked.following(&place);
        assert_eq!(next.place(), Some(place));
        assert_eq!(next.first(), asked);
        for after in [
            "",
            "7",
            "7.",
            "x.hpc_0000000000000000000000",
            "7.hpc_1",
            "-1.hpc_0000000000000000000000",
        ] {
            let asked = Asked { after: after.to_owned(), ..Asked::default() };
            assert_eq!(asked.place(), None, "{after}");
        }
    }

    #[test]
    fn unknown_words_ask_for_nothing() {
        for (status, wanted) in [("active", Some("active")), ("", None), ("dead", None)] {
            let asked = Asked { status: status.to_owned(), ..Asked::default() };
            assert_eq!(asked.filter().status.as_deref(), wanted, "{status}");
        }
        assert!(
            !Asked { q: " ".to_owned(), after: "x".to_owned(), ..Asked::default() }.is_narrow()
        );
        assert!(Asked::tagged("a").is_narrow());
    }

    #[test]
    fn a_warning_comes_when_nothing_is_left_to_get_tokens_with() {
        let now = Timestamp::from_secs(1_764_000_000);
        let day = |days: Option<u64>| days.map(|days| now.plus_secs(days * 86_400));
        let secret = |number: u8, days| {
            let secret = Secret::from_entropy([number; 32]);
            let id = SecretId::from_entropy([number; 16]);
            let mut new = NewSecret::new(id, &secret, &Pepper::new([9; 32]));
            new.expires_at = day(days);
            new
        };
        for (own, first, second, word, next, last) in [
            (None, None, None, "Active", None, None),
            (Some(12), None, None, "Expiring", Some(12), Some(12)),
            (Some(15), None, None, "Active", Some(15), Some(15)),
            // While programs move over, the end of the old secret is no alarm.
            (None, Some(7), None, "Active", Some(7), None),
            (None, Some(7), Some(90), "Active", Some(7), Some(90)),
            (None, Some(7), Some(9), "Expiring", Some(7), Some(9)),
        ] {
            let mut settings = Settings::new("Reports".parse().unwrap(), Vec::new());
            settings.expires_at = day(own);
            let ids = (ClientId::from_entropy([1; 16]), OrganizationId::from_entropy([2; 16]));
            let made = (now, "x");
            let own = Credential::pending(ids.0, ids.1, settings, &secret(1, first), made)
                .activate(now)
                .and_then(|own| own.add_secret(&secret(2, second), None, made))
                .unwrap();
            assert_eq!(super::word(&own, now), word, "{first:?} {second:?}");
            assert_eq!(next_end(&own, now), day(next), "{first:?} {second:?}");
            assert_eq!(last_end(&own, now), day(last), "{first:?} {second:?}");
        }
    }
}
