//! A message over a redirect: what has just been done, said by the next page. A cookie carries
//! only its name for a minute, so neither a URL nor a cookie ever holds words or a secret.

use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize, de::value::StrDeserializer};

use super::cookie;
use crate::config::Config;

const COOKIE: &str = "hallpass-flash";

/// How long a redirect may take, in seconds.
const KEPT_S: u64 = 60;

/// What can be said. The name of a variant travels; the words stay here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flash {
    /// The session has ended.
    SignedOut,
    /// A form was saved.
    Saved,
    /// The installation has its first operator.
    SetUp,
    /// The person can come back neither by password nor by passkey.
    NoWayBack,
    /// A recovery code was used.
    Recovered,
    /// A password was set.
    PasswordSet,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A session was ended elsewhere.
    SessionEnded,
    /// The person has become a member.
    Joined,
    /// The person is a member already.
    AlreadyMember,
    /// A credential gets tokens now.
    CredentialAdded,
    /// A credential waits for an owner or admin.
    ApprovalAsked,
    /// A credential was approved.
    CredentialApproved,
    /// A pending credential was removed.
    CredentialDiscarded,
    /// A credential was paused.
    CredentialPaused,
    /// Several were.
    CredentialsPaused,
    /// A pause has ended.
    CredentialResumed,
    /// A credential has ended for good.
    CredentialRevoked,
    /// What was left of a credential was removed.
    CredentialDeleted,
    /// A secret was retired.
    SecretRetired,
    /// The live tokens of a secret were killed.
    TokensKilled,
    /// A secret that had leaked was retired, and its tokens killed.
    LeakStopped,
    /// An API was added.
    ApiAdded,
    /// An API was changed.
    ApiChanged,
    /// An organization was added.
    OrganizationAdded,
    /// An organization was suspended.
    OrganizationSuspended,
    /// An organization was resumed.
    OrganizationResumed,
    /// A signing key was published.
    KeyPublished,
    /// A signing key was killed.
    KeyKilled,
    /// The audit log was checked.
    ChainChecked,
    /// Somebody is an operator already.
    AlreadyOperator,
    /// Somebody is no operator any more.
    OperatorRemoved,
    /// A member got another role.
    RoleSet,
    /// A member was removed.
    MemberRemoved,
    /// An invitation was withdrawn.
    InvitationWithdrawn,
    /// A webhook was removed.
    WebhookRemoved,
    /// A test is on its way.
    TestSent,
    /// A delivery is on its way again.
    SentAgain,
    /// A secret that somebody had found was retired.
    LeakRetired,
}

/// How a message looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Something is to be known.
    Info,
    /// Something needs care.
    Warn,
    /// It went wrong.
    Bad,
}

impl Tone {
    /// The word for it in templates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl Flash {
    /// The words.
    pub fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out.",
            Self::Saved => "Saved.",
            Self::SetUp => "Hallpass is set up, and you are its operator.",
            Self::NoWayBack => {
                "You are signed in, but the link is used up: set a password now to come back."
            }
            Self::Recovered => {
                "You are signed in, and the code is used up: set a password that you remember."
            }
            Self::PasswordSet => "The password is set. You are signed out everywhere else.",
            Self::PasskeyAdded => "The passkey is added: sign in with it from now on.",
            Self::PasskeyRemoved => "The passkey is removed. You are signed out everywhere else.",
            Self::SessionEnded => "That session has ended.",
            Self::Joined => "Welcome: you are a member now.",
            Self::AlreadyMember => "You are a member already.",
            Self::CredentialAdded => "Credential added. It gets tokens from now on.",
            Self::ApprovalAsked => {
                "The credential is made, and an owner or admin is asked to approve it."
            }
            Self::CredentialApproved => "Approved. It gets tokens from now on.",
            Self::CredentialDiscarded => "Discarded. Nothing of it is left.",
            Self::CredentialPaused => {
                "Paused. It gets no tokens, and the tokens that it had are dead."
            }
            Self::CredentialsPaused => "Paused. They get no tokens, and those they had are dead.",
            Self::CredentialResumed => "Resumed. It gets tokens again; the old ones stay dead.",
            Self::CredentialRevoked => "Revoked. Its tokens are dead.",
            Self::CredentialDeleted => "Deleted. The audit log keeps what was done.",
            Self::SecretRetired => "Retired. The secret gets no more tokens.",
            Self::TokensKilled => "The live tokens are dead. The secret goes on working.",
            Self::LeakStopped => "The secret is retired, and its tokens are dead.",
            Self::ApiAdded => "The API is added: credentials can be granted it.",
            Self::ApiChanged => "The API is changed, for new tokens.",
            Self::OrganizationAdded => "The organization is added. Invite its first owner.",
            Self::OrganizationSuspended => {
                "The organization is suspended: all of its tokens are dead."
            }
            Self::OrganizationResumed => {
                "The organization is resumed: its credentials get tokens again."
            }
            Self::KeyPublished => {
                "The next key is published. It signs once every verifier has had time to fetch it."
            }
            Self::KeyKilled => "The key is killed with all its tokens, and a new one signs.",
            Self::ChainChecked => "The audit log was read to its end; what was found stands below.",
            Self::AlreadyOperator => "They are an operator already, and sign in as before.",
            Self::OperatorRemoved => "They have no power over the installation any more.",
            Self::RoleSet => "The role is set. It counts from their next click on.",
            Self::MemberRemoved => "The member is removed. What they made stays.",
            Self::InvitationWithdrawn => {
                "The invitation is withdrawn: its link does not work any more."
            }
            Self::WebhookRemoved => "The webhook is removed.",
            Self::TestSent => "A test is on its way. Load this page anew to see what came of it.",
            Self::SentAgain => "It is on its way again.",
            Self::LeakRetired => "It is dead now, with every token that it had minted. Thank you.",
        }
    }

    /// How it looks.
    pub fn tone(self) -> Tone {
        match self {
            Self::SignedOut
            | Self::AlreadyMember
            | Self::AlreadyOperator
            | Self::ApprovalAsked
            | Self::CredentialDiscarded
            | Self::CredentialDeleted
            | Self::TestSent
            | Self::SentAgain
            | Self::ChainChecked => Tone::Info,
            Self::NoWayBack
            | Self::Recovered
            | Self::CredentialPaused
            | Self::CredentialsPaused
            | Self::OrganizationSuspended
            | Self::KeyKilled => Tone::Warn,
            _ => Tone::Good,
        }
    }

    /// The message that a request brings. An unknown one is none.
    pub(crate) fn of(headers: &HeaderMap, config: &Config) -> Option<Self> {
        let name = cookie::read(headers, config, COOKIE)?;
        let name: StrDeserializer<'_, serde::de::value::Error> = StrDeserializer::new(&name);
        Self::deserialize(name).ok()
    }

    /// The cookie that carries it.
    pub(crate) fn cookie(self, config: &Config) -> Option<HeaderValue> {
        let name = serde_json::to_value(self).ok()?;
        cookie::set(config, COOKIE, name.as_str()?, KEPT_S)
    }
}

/// The header that takes the cookie away, once it was shown.
pub(crate) fn shown(config: &Config) -> Option<HeaderValue> {
    cookie::set(config, COOKIE, "", 0)
}

/// Whether the request brings one.
pub(crate) fn is_waiting(headers: &HeaderMap, config: &Config) -> bool {
    cookie::read(headers, config, COOKIE).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(issuer: &str) -> Config {
        Config { issuer: issuer.to_owned(), ..Config::default() }
    }

    #[test]
    fn a_message_survives_the_redirect_and_nothing_else_does() {
        let config = config("https://auth.example.com");
        let cookie = Flash::SignedOut.cookie(&config).unwrap();
        assert!(cookie.to_str().unwrap().starts_with("__Host-hallpass-flash=signed-out; "));
        for (sent, read) in [
            ("__Host-hallpass-flash=signed-out", Some(Flash::SignedOut)),
            ("a=b; __Host-hallpass-flash=saved", Some(Flash::Saved)),
            ("__Host-hallpass-flash=<script>", None),
            ("__Host-hallpass-flash=", None),
            ("hallpass-flash=saved", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", sent.parse().unwrap());
            assert_eq!(Flash::of(&headers, &config), read, "{sent}");
        }
    }
}
