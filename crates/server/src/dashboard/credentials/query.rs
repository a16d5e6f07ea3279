//! What a list is asked for, as its address says it: so that a list can be shared, kept as a
//! bookmark and come back to.

use hallpass_core::{Timestamp, credential::Status};
use hallpass_store::{CredentialFilter, Newest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

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
        let pairs =
            [("q", &self.q), ("status", &self.status), ("tag", &self.tag), ("after", &self.after)];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = given
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The word for a status that a person sees, with what its dates add to it.
pub(super) fn word(own: &hallpass_core::Credential, now: Timestamp) -> &'static str {
    /// From when on an end is worth a warning, in seconds.
    const SOON_S: u64 = 14 * 86_400;
    match own.status {
        Status::Pending { .. } => "Pending",
        Status::Paused => "Paused",
        Status::Revoked { .. } => "Revoked",
        Status::Active if own.has_expired(now) => "Expired",
        Status::Active => match next_end(own, now) {
            Some(end) if end <= now.plus_secs(SOON_S) => "Expiring",
            _ => "Active",
        },
    }
}

/// What ends next of it: the credential or one of its usable secrets.
pub(super) fn next_end(own: &hallpass_core::Credential, now: Timestamp) -> Option<Timestamp> {
    let secrets = own.usable_secrets(now).filter_map(|secret| secret.expires_at);
    own.settings.expires_at.into_iter().chain(secrets).filter(|end| *end > now).min()
}

#[cfg(test)]
mod tests {
    use hallpass_core::ClientId;

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
}
