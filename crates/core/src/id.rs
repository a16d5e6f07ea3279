//! Names of things. Each is a type that parses once; none is secret, all are safe to log.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::base62;

/// Why a text is not an id of this kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected}")]
pub struct NotAnId {
    expected: &'static str,
}

/// Characters after the prefix: 128 bits in base62.
const RANDOM_LEN: usize = 22;

/// All ids are as long, so that they need no memory of their own: the token endpoint meets the
/// ids of a million credentials and organizations, and each would have to be fetched.
const ID_LEN: usize = 4 + RANDOM_LEN;

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; ID_LEN]);

        impl $name {
            /// A new id from 128 random bits.
            pub fn from_entropy(entropy: [u8; 16]) -> Self {
                let (mut id, random) = ([0; ID_LEN], base62::encode(&entropy, RANDOM_LEN));
                id[..$prefix.len()].copy_from_slice($prefix.as_bytes());
                id[$prefix.len()..].copy_from_slice(random.as_bytes());
                Self(id)
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("an id is made of letters, digits and _")
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let wrong = NotAnId { expected: $expected };
                if !text.strip_prefix($prefix).is_some_and(base62::is_base62) {
                    return Err(wrong);
                }
                text.as_bytes().try_into().map(Self).map_err(|_| wrong)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

prefixed_id!(
    /// A client id that was made here.
    OwnClientId,
    "hpc_",
    "a client id: hpc_ and 22 letters or digits"
);
prefixed_id!(
    /// Name of an organization; the `org` claim of its tokens.
    OrganizationId,
    "org_",
    "an organization id: org_ and 22 letters or digits"
);
prefixed_id!(
    /// Name of an API in the installation; its tokens carry the audience instead.
    ApiId,
    "api_",
    "an API id: api_ and 22 letters or digits"
);

/// How the ids of other things begin.
const OTHERS: [&str; 7] = ["org_", "api_", "sec_", "per_", "inv_", "whk_", "msg_"];

/// The longest client id that another server has made, in characters.
const IMPORTED_AT_MOST: usize = 100;

/// Public name of a credential (RFC 6749 §2.2): made here, or kept when the credential was
/// imported, so that its holder has nothing to change.
#[derive(Clone, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Form);

#[derive(Clone, Eq, Hash, PartialEq)]
enum Form {
    Own(OwnClientId),
    /// Never of the own form. Few have one, so it may need memory of its own.
    Imported(Box<str>),
}

impl ClientId {
    /// A new id from 128 random bits.
    pub fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(Form::Own(OwnClientId::from_entropy(entropy)))
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Own(id) => id.as_str(),
            Form::Imported(id) => id,
        }
    }

    /// Whether it was made here: then it is not what somebody has mistaken for one.
    pub fn is_own(&self) -> bool {
        matches!(self.0, Form::Own(_))
    }
}

/// What another server may have called a client: it stands in URLs, logs and tables as it is, and
/// is not taken for anything of ours.
fn is_importable(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte);
    text.len() <= IMPORTED_AT_MOST
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(is_fine)
        && !["hpc_", "hps_"].iter().any(|own| text.starts_with(own))
        && !(text.len() == ID_LEN && OTHERS.iter().any(|own| text.starts_with(own)))
}

impl FromStr for ClientId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.parse() {
            Ok(own) => Ok(Self(Form::Own(own))),
            Err(_) if is_importable(text) => Ok(Self(Form::Imported(text.into()))),
            Err(wrong) => Err(wrong),
        }
    }
}

impl TryFrom<String> for ClientId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.as_str().to_owned()
    }
}

impl Ord for ClientId {
    /// As databases order the text.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for ClientId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ApiId {
    /// The id of Hallpass's own management API: the same in every installation, so that a grant
    /// for it is told from all others without a look-up.
    pub fn management() -> Self {
        Self::from_entropy([0; 16])
    }

    /// Whether this is Hallpass's own management API.
    pub fn is_management(&self) -> bool {
        *self == Self::management()
    }
}

prefixed_id!(
    /// Name of one secret of a credential; not the secret.
    SecretId,
    "sec_",
    "a secret's id: sec_ and 22 letters or digits (the id, not the secret itself)"
);
prefixed_id!(
    /// Name of a person who signs in.
    PersonId,
    "per_",
    "a person's id: per_ and 22 letters or digits"
);
prefixed_id!(
    /// Name of an invitation; not what its link holds.
    InvitationId,
    "inv_",
    "an invitation's id: inv_ and 22 letters or digits"
);
prefixed_id!(
    /// Name of a webhook.
    WebhookId,
    "whk_",
    "a webhook's id: whk_ and 22 letters or digits"
);
prefixed_id!(
    /// Name of a message to a webhook; its `webhook-id`.
    DeliveryId,
    "msg_",
    "a delivery's id: msg_ and 22 letters or digits"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_parses_only_in_its_one_form() {
        let id = ClientId::from_entropy([7; 16]);
        assert_eq!(id.as_str().parse::<ClientId>().unwrap(), id);
        for text in [
            "",
            "hpc_",
            "hpc_short",
            "hpc_00000000000000000000000",
            "org_0000000000000000000000",
            "hpc_000000000000000000000-",
        ] {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_imported_id_is_kept_as_it_was_if_it_can_stand_anywhere() {
        let longest = "a".repeat(IMPORTED_AT_MOST);
        for text in [
            "b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11",
            "reports",
            "svc.reports@example.com",
            "urn:example:client~1",
            "api_gateway",
            &longest,
        ] {
            let id: ClientId = text.parse().unwrap();
            assert_eq!((id.as_str(), id.is_own()), (text, false));
        }
        let longer = format!("{longest}a");
        for text in [
            "https://example.com/metadata",
            "two words",
            "caf\u{e9}",
            "a%41",
            "..",
            ".a",
            "-a",
            "@SUM(A1)",
            "hps_0000000000000000000000",
            "per_0000000000000000000000",
            "hpc_0000000000000000000000-",
            &longer,
        ] {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
        let own = ClientId::from_entropy([7; 16]);
        assert!(own.is_own() && "a".parse::<ClientId>().unwrap() < own);
    }

    #[test]
    fn the_management_api_is_known_by_its_id() {
        assert_eq!(ApiId::management().as_str(), "api_0000000000000000000000");
        for (id, is) in [
            (ApiId::management(), true),
            (ApiId::from_entropy([1; 16]), false),
            (ApiId::from_entropy([0xFF; 16]), false),
        ] {
            assert_eq!(id.is_management(), is, "{id}");
        }
    }
}
