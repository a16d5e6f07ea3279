//! Names of things. Each is a type that parses once; none is secret, all are safe to log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::base62;

/// Why a text is not an id of this kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected}")]
pub struct NotAnId {
    expected: &'static str,
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// A new id from 128 random bits.
            pub fn from_entropy(entropy: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "{}"), base62::encode(&entropy, 22)).into())
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if rest.len() == 22 && base62::is_base62(rest) => {
                        Ok(Self(text.into()))
                    }
                    _ => Err(NotAnId { expected: $expected }),
                }
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
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(
    /// Public name of a credential (RFC 6749 §2.2).
    ClientId,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_parses_only_in_its_one_form() {
        let id = ClientId::from_entropy([7; 16]);
        assert_eq!(id.as_str().parse::<ClientId>().unwrap(), id);
        for text in
            ["", "hpc_", "hpc_short", "org_0000000000000000000000", "hpc_000000000000000000000-"]
        {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
    }
}
