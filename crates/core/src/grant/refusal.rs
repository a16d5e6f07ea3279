//! Why a request at an OAuth endpoint is refused, in the codes of RFC 6749 §5.2 and in words
//! that help whoever reads them at the other end. Nothing a stranger sent is ever repeated.

use std::borrow::Cow;

use super::Login;
use crate::{Scopes, Timestamp, secret::Shape};

/// What the form alone of a login that failed gives away. It is judged without looking anything
/// up, so it cannot tell an unknown client from a wrong secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unproven {
    /// No credentials came at all.
    Missing,
    /// They look as they should, or like nothing in particular.
    Plain,
    /// The client id has the form of a secret.
    Swapped,
    /// The secret has the form of a client id.
    IdAsSecret,
    /// The secret has the form of a token.
    TokenAsSecret,
    /// The secret has blanks or a line break around it.
    Padded,
    /// The secret's checksum fails.
    Damaged,
    /// The secret is not encoded as HTTP Basic wants it.
    BadlyEncoded,
}

impl Unproven {
    /// Judges the form of what was presented.
    pub fn of(login: &Login<'_>) -> Self {
        let client_id = &login.client_id;
        match login.secret.shape() {
            _ if login.is_broken => Self::BadlyEncoded,
            _ if client_id.starts_with("hps_") => Self::Swapped,
            Shape::ClientId => Self::IdAsSecret,
            Shape::Token => Self::TokenAsSecret,
            Shape::Padded => Self::Padded,
            Shape::Damaged => Self::Damaged,
            Shape::Whole | Shape::Foreign => Self::Plain,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Missing => {
                "client authentication is missing: send client_id and client_secret by HTTP Basic \
                 or in the body"
            }
            Self::Plain => "client authentication failed: unknown client_id or wrong client_secret",
            Self::Swapped => {
                "client authentication failed: what came as client_id has the form of a secret \
                 (hps_...); are the two swapped?"
            }
            Self::IdAsSecret => {
                "client authentication failed: what came as client_secret has the form of a \
                 client_id (hpc_...)"
            }
            Self::TokenAsSecret => {
                "client authentication failed: what came as client_secret has the form of a token \
                 (eyJ...); send the secret (hps_...)"
            }
            Self::Padded => {
                "client authentication failed: the client_secret has blanks or a line break \
                 around it"
            }
            Self::BadlyEncoded => {
                "client authentication failed: unknown client_id or wrong client_secret; its \
                 percent-encoding (RFC 6749, section 2.3.1) is broken, so it was taken as it stands"
            }
            Self::Damaged => {
                "client authentication failed: the client_secret is damaged (its checksum fails); \
                 characters may be missing or changed"
            }
        }
    }
}

/// Why a client that has proven its secret still gets no token. Told only to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhyNot {
    /// Its maker has not confirmed it.
    Pending,
    /// Somebody paused it.
    Paused,
    /// Somebody revoked it.
    Revoked,
    /// Its end date has passed.
    Expired(Timestamp),
    /// The secret's end date has passed.
    SecretExpired(Timestamp),
    /// The provider has suspended its organization.
    OrganizationSuspended,
}

/// Why a request was refused: the error codes of RFC 6749 §5.2, RFC 8707 §2 and RFC 7009 §2.2.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Malformed. The text never repeats input.
    InvalidRequest(&'static str),
    /// Unknown client or wrong secret: two answers would tell a stranger which it was.
    Unproven(Unproven),
    /// The right secret, but of no use.
    InvalidClient(WhyNot),
    /// The right secret, from an address that the credential does not allow.
    AddressNotAllowed,
    /// The right secret, but the credential may not do this here.
    UnauthorizedClient(&'static str),
    /// A grant type that this server does not have.
    UnsupportedGrantType,
    /// Not a list of scope tokens (RFC 6749 §3.3).
    MalformedScope,
    /// Several audiences at once (RFC 8707 §2): a token is for one API.
    SeveralTargets,
    /// Scopes that the credential does not have at this API.
    InvalidScope {
        /// Those that it has.
        allowed: Scopes,
    },
    /// An audience that the credential does not have.
    InvalidTarget {
        /// Those that it has.
        allowed: Vec<String>,
    },
    /// Too many failed logins for this client from this network.
    TooManyFailures {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The server knows that it does not know enough.
    TemporarilyUnavailable {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
}

impl Refusal {
    /// The `error` member.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::Unproven(_) | Self::InvalidClient(_) | Self::TooManyFailures { .. } => {
                "invalid_client"
            }
            Self::AddressNotAllowed | Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::MalformedScope | Self::InvalidScope { .. } => "invalid_scope",
            Self::SeveralTargets | Self::InvalidTarget { .. } => "invalid_target",
            Self::TemporarilyUnavailable { .. } => "temporarily_unavailable",
        }
    }

    /// The `error_description` member: what happened, why, and what to do. Within the alphabet of
    /// RFC 6749 §5.2 (%x20-21, %x23-5B, %x5D-7E).
    pub fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::InvalidRequest(what) => what,
            Self::Unproven(how) => how.hint(),
            Self::InvalidClient(why) => return why.description(),
            Self::AddressNotAllowed => {
                "this credential does not allow requests from your address; see its IP allow-list"
            }
            Self::UnauthorizedClient(what) => what,
            Self::UnsupportedGrantType => {
                "the only grant_type here is client_credentials (RFC 6749, section 4.4)"
            }
            Self::MalformedScope => "scope is not a list of scope tokens parted by single blanks",
            Self::SeveralTargets => {
                "a token is for one API only: ask for one resource (or audience) at a time"
            }
            Self::InvalidScope { allowed } if allowed.is_empty() => {
                "this credential has no scopes at this API: leave the scope parameter out"
            }
            Self::InvalidScope { allowed } => {
                return format!("this credential's scopes at this API are: {allowed}").into();
            }
            Self::InvalidTarget { allowed } if allowed.is_empty() => {
                "this credential is granted no API: grant it one first"
            }
            Self::InvalidTarget { allowed } => {
                return format!("this credential's audiences are: {}", allowed.join(" ")).into();
            }
            Self::TooManyFailures { .. } => {
                "too many failed logins for this client from your network; the right secret still \
                 works"
            }
            Self::TemporarilyUnavailable { .. } => {
                "the server cannot vouch for fresh data right now; try again shortly"
            }
        })
    }
}

impl WhyNot {
    fn description(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Pending => "this credential is pending: activate it first",
            Self::Paused => "this credential is paused: resume it to get tokens",
            Self::Revoked => "this credential is revoked: make a new one",
            Self::OrganizationSuspended => {
                "the organization of this credential is suspended: ask the API's provider"
            }
            Self::Expired(at) => {
                return format!("this credential expired on {}: make a new one", date(at)).into();
            }
            Self::SecretExpired(at) => {
                return format!(
                    "this client_secret expired on {}: use the credential's newer one",
                    date(at)
                )
                .into();
            }
        })
    }
}

fn date(at: Timestamp) -> String {
    let secs = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let date = jiff::Timestamp::from_second(secs).unwrap_or(jiff::Timestamp::MAX);
    date.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
