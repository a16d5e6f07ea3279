//! Why there is no token, in words that help: what happened, since when, and what to do. Never
//! holds a secret, a token or a body; texts of the issuer are cut to the alphabet that RFC 6749
//! §5.2 allows, so that they cannot forge a line of a log.

use std::{fmt, time::Duration};

/// There is no token to serve.
///
/// While a former token still lives, failures stay in the background and this is not returned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no access token: {at}: {cause}{}; next attempt in {:.0} s", Expired(*.expired_for), .retry_in.as_secs_f64().ceil())]
pub struct TokenError {
    /// The URL that was asked, without its query.
    pub at: String,
    /// What went wrong at the last attempt.
    pub cause: Cause,
    /// No request is made before this time has passed; callers get this same error until then.
    pub retry_in: Duration,
    /// How long ago the last token expired; `None` if there was none, or it was dropped.
    pub expired_for: Option<Duration>,
}

struct Expired(Option<Duration>);

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ago) => write!(f, "; the last token expired {} s ago", ago.as_secs()),
            None => Ok(()),
        }
    }
}

/// What went wrong at an attempt to get a token.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The issuer understood and said no: another attempt needs another credential or request.
    #[error("{0}")]
    Refused(Refusal),
    /// No answer: name, connection, TLS or time-out.
    #[error("cannot be reached ({0}); check the URL, the network and the issuer")]
    Unreachable(String),
    /// A 5xx, or 429 (too many requests): the issuer will be back.
    #[error("is unavailable (status {status}{}); wait, or tell its operator", Detail(.description))]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// The issuer's `error_description`, if it sent one.
        description: Option<String>,
    },
    /// An answer that is neither a token nor a refusal: mostly a wrong URL, or something between.
    #[error("gave no usable answer (status {status}): {reason}")]
    Unusable {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The metadata belong to another issuer, and must not be used (RFC 8414 §3.3).
    #[error("describes the issuer `{found}`, not `{wanted}`; configure the exact issuer")]
    WrongIssuer {
        /// The issuer that was configured.
        wanted: String,
        /// The issuer that the document names.
        found: String,
    },
}

/// An error answer of the token endpoint (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("refused with `{error}`{}; {}", Detail(.description), advice(.error))]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code: `invalid_client`, `invalid_scope`, `invalid_target` (RFC 8707 §2) and so on.
    pub error: String,
    /// `error_description`: for people, not for programs.
    pub description: Option<String>,
}

struct Detail<'a>(&'a Option<String>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

fn advice(error: &str) -> &'static str {
    match error {
        "invalid_client" => {
            "check client id and secret: the credential may be revoked, paused or expired, \
             or the secret retired"
        }
        "invalid_scope" => "ask only for scopes that the credential was granted",
        "invalid_target" => "check the audience or resource: it must be an API that was granted",
        "unauthorized_client" | "unsupported_grant_type" => {
            "the issuer must allow this client the client_credentials grant"
        }
        "invalid_request" => "check the parameters, and whether the issuer wants the other style",
        _ => "see the issuer's documentation",
    }
}

/// One attempt that failed, and what the server said about the next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) at: String,
    pub(crate) cause: Cause,
    pub(crate) retry_after: Option<Duration>,
}
