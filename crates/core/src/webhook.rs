//! Webhooks: where an organization wants to hear of what happens to its credentials. What goes
//! there is a [`crate::notice`]; who may be called is for the edge to decide.

use std::{collections::BTreeSet, fmt, str::FromStr};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Timestamp, WebhookId, notice::Kind, vault::Sealed};

/// How many webhooks an organization may have.
pub const WEBHOOKS_AT_MOST: usize = 10;

/// Why a text is not the address of a webhook.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadWebhookUrl {
    /// What comes over plain http can be read and changed on its way.
    #[error("a webhook is an https URL, such as https://hooks.example.com/hallpass")]
    NotHttps,
    /// A login in a URL ends up in logs.
    #[error("a webhook's URL must not hold a login (the part before @) or a fragment (after #)")]
    LoginOrFragment,
    /// Characters that no URL has, or too many of them.
    #[error("a webhook's URL has at most 500 ASCII characters, without blanks or quotes")]
    Syntax,
}

/// The address of a webhook: an https URL, or http to a loopback address, to try things out.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, and the port if the URL names one.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

impl FromStr for WebhookUrl {
    type Err = BadWebhookUrl;

    fn from_str(text: &str) -> Result<Self, BadWebhookUrl> {
        let text = text.trim();
        let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>');
        if text.len() > 500 || !text.bytes().all(legal) {
            return Err(BadWebhookUrl::Syntax);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadWebhookUrl::NotHttps)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') || rest.contains('#') {
            return Err(BadWebhookUrl::LoginOrFragment);
        }
        let (host, port) = host_and_port(authority).ok_or(BadWebhookUrl::Syntax)?;
        if port.is_some_and(|port| port.parse::<u16>().is_err()) || host.is_empty() {
            return Err(BadWebhookUrl::Syntax);
        }
        let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match scheme {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback => Ok(Self(text.to_owned())),
            _ => Err(BadWebhookUrl::NotHttps),
        }
    }
}

/// Parts `host:port`; IPv6 addresses keep their brackets.
fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let end = authority.find(']')? + 1;
        let (host, rest) = authority.split_at(end);
        return match rest {
            "" => Some((host, None)),
            rest => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = BadWebhookUrl;

    fn try_from(text: String) -> Result<Self, BadWebhookUrl> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(url: WebhookUrl) -> Self {
        url.0
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an organization wants to hear of some kinds of things.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where.
    pub url: WebhookUrl,
    /// Of what.
    pub kinds: BTreeSet<Kind>,
    /// What notices are signed with, sealed under the vault for this id.
    pub secret: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom, in words.
    pub created_by: String,
    /// Whether it hears nothing for the time being.
    #[serde(default)]
    pub is_paused: bool,
}

impl Webhook {
    /// Whether it hears of this kind.
    pub fn hears(&self, kind: Kind) -> bool {
        !self.is_paused && (kind == Kind::Test || self.kinds.contains(&kind))
    }
}

/// What the notices of a webhook are signed with, as Standard Webhooks 1.0 has it: shown once,
/// sealed, and never seen again.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// A new one from 256 random bits.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(entropy.to_vec()))
    }

    /// One that was sealed.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// What is sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the receiver's library wants it: `whsec_` and base64.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(&self.0[..])))
    }

    /// The `webhook-signature` of a message.
    pub fn sign(&self, id: &str, timestamp_s: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{timestamp_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the specification's own libraries.
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = SigningSecret::from_bytes(Zeroizing::new(bytes));
        assert_eq!(*secret.expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = r#"{"test": 2432232314}"#;
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
    }

    #[test]
    fn webhooks_are_https_urls_or_loopback() {
        use BadWebhookUrl as Bad;
        for (text, wanted) in [
            ("https://hooks.example.com/hallpass", Ok("hooks.example.com")),
            (" https://hooks.example.com:8443?x=1 ", Ok("hooks.example.com:8443")),
            ("https://[2001:db8::1]:1/x", Ok("[2001:db8::1]:1")),
            ("http://127.0.0.1:9/x", Ok("127.0.0.1:9")),
            ("http://localhost/x", Ok("localhost")),
            ("http://localhost.example.com/x", Err(Bad::NotHttps)),
            ("http://hooks.example.com", Err(Bad::NotHttps)),
            ("ftp://hooks.example.com", Err(Bad::NotHttps)),
            ("hooks.example.com", Err(Bad::NotHttps)),
            ("https://user@hooks.example.com", Err(Bad::LoginOrFragment)),
            ("https://hooks.example.com/#x", Err(Bad::LoginOrFragment)),
            ("https://hooks.example.com:port/", Err(Bad::Syntax)),
            ("https://[::1/", Err(Bad::Syntax)),
            ("https://", Err(Bad::Syntax)),
            ("https://hooks.example.com/a b", Err(Bad::Syntax)),
        ] {
            let url = text.parse::<WebhookUrl>();
            assert_eq!(url.as_ref().map(WebhookUrl::authority), wanted.as_ref().copied(), "{text}");
        }
    }
}
