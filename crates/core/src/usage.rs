//! Usage roll-ups: how often, when last, from where and by what a credential was used. They are
//! counted in memory and written in batches; losing a batch loses a count, never a token.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{ApiId, ClientId, Timestamp};

/// How token requests ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// With a token.
    Issued,
    /// With a refusal, although the secret was right.
    Refused,
}

impl Ending {
    /// The word stored for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Refused => "refused",
        }
    }
}

/// What is counted apart.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The credential.
    pub client_id: ClientId,
    /// Which of its secrets was used: its place in [`crate::Credential::secrets`].
    pub secret: u16,
    /// For which API; absent when refused before that was clear.
    pub api_id: Option<ApiId>,
    /// How it ended.
    pub ending: Ending,
    /// The hour, as hours since the Unix epoch.
    pub hour: u64,
}

/// One roll-up row: written by adding `count` to what is there.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// What is counted.
    #[serde(flatten)]
    pub slot: Slot,
    /// How many requests.
    pub count: u64,
    /// The latest of them.
    pub last_at: Timestamp,
    /// Where the latest came from, if known.
    pub last_address: Option<IpAddr>,
}

/// Where a credential was used from, and by what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sighting {
    /// The credential.
    pub client_id: ClientId,
    /// From where, if known.
    pub address: Option<IpAddr>,
    /// By what: see [`product`]. Empty if the request did not say.
    pub library: Box<str>,
    /// How many requests.
    pub count: u64,
    /// The first of them.
    pub first_at: Timestamp,
    /// The latest of them.
    pub last_at: Timestamp,
}

/// How many sightings of a credential are kept: the latest.
pub const SIGHTINGS_AT_MOST: usize = 200;

/// The longest name of a library that is kept, in bytes.
const PRODUCT_AT_MOST: usize = 64;

/// What a `User-Agent` (RFC 9110 §10.1.5) names first, such as `python-requests/2.32.3`; empty if
/// that is no product. Borrows, so that asking costs a token request nothing.
pub fn product(user_agent: &[u8]) -> &str {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~/".contains(byte);
    let end = user_agent.iter().position(|byte| !is_part(byte)).unwrap_or(user_agent.len());
    let whole_word = user_agent.get(end).is_none_or(|byte| *byte == b' ');
    let product = &user_agent[..end.min(PRODUCT_AT_MOST)];
    if whole_word { std::str::from_utf8(product).unwrap_or_default() } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_product_names_the_library() {
        for (header, wanted) in [
            ("python-requests/2.32.3", "python-requests/2.32.3"),
            ("Go-http-client/2.0 (linux)", "Go-http-client/2.0"),
            ("curl", "curl"),
            ("", ""),
            ("(nothing) first/1", ""),
            ("<script>alert(1)</script>", ""),
            ("a\"b", ""),
            ("caf\u{e9}/1", ""),
        ] {
            assert_eq!(product(header.as_bytes()), wanted, "{header}");
        }
        assert_eq!(product(&[b'x'; 100]).len(), PRODUCT_AT_MOST);
    }
}
