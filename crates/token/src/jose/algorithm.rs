//! The names of algorithms and of token types, as they stand in headers. It knows no keys.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How a token is signed (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: the default.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: the one that RFC 9068 §2.1 obliges everybody to know.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Rs256, Self::EdDsa];

    /// The name in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm that a header's or a key's `alg` names. RFC 9864 renamed EdDSA over
    /// edwards25519 to `Ed25519`, so both names are read; only `EdDSA` is written.
    pub(super) fn from_alg(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => name.parse().ok(),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownName;

    /// Case matters (RFC 7515 §4.1.1).
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|one| one.as_str() == name).ok_or(UnknownName)
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        name.parse()
    }
}

impl From<Algorithm> for &'static str {
    fn from(algorithm: Algorithm) -> Self {
        algorithm.as_str()
    }
}

/// The `typ` of a token that we issue.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum TokenType {
    /// RFC 9068 §2.1.
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// For verifiers whose libraries refuse RFC 9068's type.
    #[serde(rename = "JWT")]
    Jwt,
}

impl TokenType {
    /// The name in `typ`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtJwt => "at+jwt",
            Self::Jwt => "JWT",
        }
    }

    /// The type that a header names. A media type: case does not matter, and `application/` may
    /// stand before it (RFC 7515 §4.1.9).
    pub(super) fn from_typ(typ: &str) -> Option<Self> {
        const PREFIX: &str = "application/";
        let name = match typ.get(..PREFIX.len()) {
            Some(start) if start.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
            _ => typ,
        };
        [Self::AtJwt, Self::Jwt].into_iter().find(|one| name.eq_ignore_ascii_case(one.as_str()))
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TokenType {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::AtJwt, Self::Jwt].into_iter().find(|one| one.as_str() == name).ok_or(UnknownName)
    }
}

/// Not the name of an algorithm or a token type that we know.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected ES256, RS256 or EdDSA as an algorithm, at+jwt or JWT as a token type")]
pub struct UnknownName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_are_written() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(json, format!("\"{algorithm}\""));
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
        }
        for typ in [TokenType::AtJwt, TokenType::Jwt] {
            assert_eq!(typ.to_string().parse(), Ok(typ));
            assert_eq!(serde_json::to_string(&typ).unwrap(), format!("\"{typ}\""));
        }
    }

    #[test]
    fn no_other_algorithm_has_a_name_here() {
        for name in ["none", "None", "nOnE", "HS256", "es256", "ES256 ", " ES256", "ES256K", ""] {
            assert_eq!(Algorithm::from_alg(name), None, "{name}");
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
        }
        assert_eq!(Algorithm::from_alg("Ed25519"), Some(Algorithm::EdDsa), "RFC 9864");
    }

    #[test]
    fn a_type_is_a_media_type_without_case() {
        for (typ, expected) in [
            ("at+jwt", Some(TokenType::AtJwt)),
            ("AT+JWT", Some(TokenType::AtJwt)),
            ("application/at+jwt", Some(TokenType::AtJwt)),
            ("Application/AT+JWT", Some(TokenType::AtJwt)),
            ("jwt", Some(TokenType::Jwt)),
            ("JWT", Some(TokenType::Jwt)),
            ("", None),
            ("application/", None),
            ("application/application/at+jwt", None),
            ("at+jwt ", None),
            ("dpop+jwt", None),
            ("text/at+jwt", None),
            ("ééééééééé", None),
        ] {
            assert_eq!(TokenType::from_typ(typ), expected, "{typ}");
        }
    }
}
