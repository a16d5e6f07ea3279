//! Why a request for a protected resource is refused (RFC 6750 §3.1). `Display` is for the
//! verifier's own log and says what was expected and what came; `description` is for the caller
//! and never repeats anything that the caller sent. Status codes are decided elsewhere.

use crate::revocation::Death;

/// Why a request was refused. Texts that came with the token are cut to [`CLIP_LEN`] characters
/// and printed with escapes, so that they cannot forge log lines.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// No `Authorization` header came.
    #[error("no Authorization header")]
    NoToken,
    /// The `Authorization` header uses another scheme, for example Basic.
    #[error("the Authorization header is not of the scheme Bearer")]
    OtherScheme,
    /// The request is malformed (RFC 6750 §2.1), whatever the token would have been worth.
    #[error("malformed request: {0}")]
    InvalidRequest(&'static str),
    /// The token is not an acceptable compact JWS, or its header asks for the unacceptable.
    #[error("malformed token: {0}")]
    Malformed(&'static str),
    /// Another kind of token, by its `typ` (RFC 9068 §4, RFC 8725 §3.11).
    #[error("typ: expected {expected}, got {got:?}")]
    WrongType {
        /// What the policy accepts.
        expected: &'static str,
        /// What the header says.
        got: String,
    },
    /// Another algorithm than the policy or the key allows (RFC 8725 §3.1).
    #[error("alg: expected {expected}, got {got:?}")]
    WrongAlgorithm {
        /// What the policy or the key allows.
        expected: String,
        /// What the header says.
        got: String,
    },
    /// No key with this `kid` is known: the one case in which fetching the keys anew may help.
    #[error("no key has the kid {kid:?}")]
    UnknownKey {
        /// The header's `kid`, whole (at most [`MAX_KID_LEN`](crate::jose::MAX_KID_LEN) bytes).
        kid: String,
    },
    /// The signature does not belong to this token and key.
    #[error("the signature is wrong")]
    BadSignature,
    /// A claim is missing, or not of the JSON type that its registration demands.
    #[error("claim {name}: {problem}")]
    BadClaim {
        /// The claim, or `payload` when the whole is not a JSON object.
        name: &'static str,
        /// What was expected and what came.
        problem: String,
    },
    /// Signed by somebody else's word (RFC 7519 §4.1.1).
    #[error("iss: expected {expected:?}, got {got:?}")]
    WrongIssuer {
        /// The policy's issuer.
        expected: String,
        /// The token's issuer.
        got: String,
    },
    /// Meant for another API (RFC 7519 §4.1.3).
    #[error("aud: expected one of {expected:?}, got {got:?}")]
    WrongAudience {
        /// The policy's audiences, with blanks between.
        expected: String,
        /// The token's audiences, with blanks between.
        got: String,
    },
    /// Too old (RFC 7519 §4.1.4).
    #[error("expired: exp is {exp}, now is {now_s}, leeway is {leeway_s} s")]
    Expired {
        /// When it ended, in Unix seconds.
        exp: u64,
        /// The verifier's time, in Unix seconds.
        now_s: u64,
        /// What the policy forgives, in seconds.
        leeway_s: u64,
    },
    /// From the future (RFC 7519 §4.1.5 and §4.1.6).
    #[error("not valid yet: {claim} is {at}, now is {now_s}, leeway is {leeway_s} s")]
    NotYetValid {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// The claim's value, in Unix seconds.
        at: u64,
        /// The verifier's time, in Unix seconds.
        now_s: u64,
        /// What the policy forgives, in seconds.
        leeway_s: u64,
    },
    /// The token is bound to a key (`cnf`, RFC 8705 §3, RFC 9449 §7.1) but came as plain Bearer.
    #[error("the token is bound to a key by cnf, but came as a plain Bearer token")]
    Bound,
    /// The revocation feed says that it is dead.
    #[error("revoked: {0}")]
    Revoked(Death),
    /// A good token that does not reach far enough.
    #[error("scope {required:?} is required")]
    InsufficientScope {
        /// What the API asks for: goes into the challenge, so it is the API's text alone.
        required: String,
    },
    /// The trouble is the verifier's own: no keys yet, or blind and failing closed.
    #[error("cannot verify: {0}")]
    Unavailable(&'static str),
}

/// How many characters of a foreign text go into a [`Rejection`].
pub const CLIP_LEN: usize = 128;

impl Rejection {
    /// The `error` of the challenge (RFC 6750 §3.1). None when no token came, since then §3
    /// forbids one, and none when the trouble is the verifier's own.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoToken | Self::OtherScheme | Self::Unavailable(_) => None,
            Self::InvalidRequest(_) => Some("invalid_request"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    /// A sentence for the caller. It echoes nothing, and stays within the characters that
    /// RFC 6750 §3 allows in `error_description`.
    pub fn description(&self) -> &'static str {
        match self {
            Self::NoToken => "Send an access token: Authorization: Bearer",
            Self::OtherScheme => {
                "Send an access token with the scheme Bearer; the token endpoint gives one \
                 for client id and secret"
            }
            Self::InvalidRequest(_) => "The Authorization header is malformed",
            Self::Malformed(_) => "The access token is malformed",
            Self::WrongType { .. } => "This is not an access token",
            Self::WrongAlgorithm { .. } => "The signing algorithm is not accepted",
            Self::UnknownKey { .. } => "The signing key is unknown",
            Self::BadSignature => "The signature is wrong",
            Self::BadClaim { .. } => "A claim is missing or has the wrong type",
            Self::WrongIssuer { .. } => "The access token is from another issuer",
            Self::WrongAudience { .. } => "The access token is for another API",
            Self::Expired { .. } => "The access token has expired",
            Self::NotYetValid { .. } => {
                "The access token is not valid yet; do the clocks of its issuer and of this API \
                 agree?"
            }
            Self::Bound => "The access token is bound to a key and is no Bearer token",
            Self::Revoked(_) => "The access token has been revoked",
            Self::InsufficientScope { .. } => "The access token lacks a required scope",
            Self::Unavailable(_) => "Access tokens cannot be verified right now",
        }
    }

    /// A short stable word for metrics and reports.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::OtherScheme => "other_scheme",
            Self::InvalidRequest(_) => "invalid_request",
            Self::Malformed(_) => "malformed",
            Self::WrongType { .. } => "wrong_type",
            Self::WrongAlgorithm { .. } => "wrong_algorithm",
            Self::UnknownKey { .. } => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::BadClaim { .. } => "bad_claim",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Bound => "bound",
            Self::Revoked(_) => "revoked",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// The start of a text that a stranger chose.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(CLIP_LEN).collect()
}

/// For tests: a rejection of each kind.
#[cfg(test)]
pub(crate) fn one_of_each() -> Vec<Rejection> {
    let text = || "x".to_owned();
    vec![
        Rejection::NoToken,
        Rejection::OtherScheme,
        Rejection::Unavailable("no keys yet"),
        Rejection::InvalidRequest("x"),
        Rejection::InsufficientScope { required: text() },
        Rejection::Malformed("x"),
        Rejection::WrongType { expected: "at+jwt", got: text() },
        Rejection::WrongAlgorithm { expected: text(), got: text() },
        Rejection::UnknownKey { kid: text() },
        Rejection::BadSignature,
        Rejection::BadClaim { name: "exp", problem: text() },
        Rejection::WrongIssuer { expected: text(), got: text() },
        Rejection::WrongAudience { expected: text(), got: text() },
        Rejection::Expired { exp: 1, now_s: 2, leeway_s: 0 },
        Rejection::NotYetValid { claim: "nbf", at: 2, now_s: 1, leeway_s: 0 },
        Rejection::Bound,
        Rejection::Revoked(Death::Token),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6750_section_3_1() {
        for (i, rejection) in one_of_each().iter().enumerate() {
            let code = match i {
                0..3 => None,
                3 => Some("invalid_request"),
                4 => Some("insufficient_scope"),
                _ => Some("invalid_token"),
            };
            assert_eq!(rejection.code(), code, "{rejection}");
        }
    }

    #[test]
    fn descriptions_use_only_the_characters_of_rfc_6750_section_3() {
        for rejection in one_of_each() {
            let text = rejection.description();
            assert!(
                text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
                "{text}"
            );
        }
    }

    #[test]
    fn reasons_are_distinct_words() {
        let mut reasons: Vec<_> = one_of_each().iter().map(Rejection::reason).collect();
        assert!(reasons.iter().all(|r| r.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        let count = reasons.len();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), count);
    }

    #[test]
    fn a_stranger_cannot_forge_a_line_of_the_log() {
        let got = clip("a\nERROR all is lost\u{1b}[0m");
        let line = Rejection::WrongIssuer { expected: "https://i".into(), got }.to_string();
        assert!(!line.contains(['\n', '\u{1b}']), "{line}");
        assert_eq!(clip(&"é".repeat(500)).chars().count(), CLIP_LEN);
    }
}
