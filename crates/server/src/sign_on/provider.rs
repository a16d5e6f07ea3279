//! Talking with a provider: discovery, keys, and the exchange of a code. Nothing is believed that
//! does not come from the provider's own https addresses; no redirect is followed, no answer may
//! be large or slow, and nothing that it says reaches a page.

use hallpass_core::organization::SignOn;
use hallpass_token::jose::KeySet;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};

use zeroize::Zeroizing;

use super::{LIMIT, NoSignOn, Way, id_token::About};

/// The largest answer that is read, in bytes.
const ANSWER_AT_MOST: usize = 256 * 1024;

/// Where the provider's endpoints are (OpenID Connect Discovery 1.0, §3).
#[derive(Debug, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: Zeroizing<String>,
    access_token: Zeroizing<String>,
}

impl Endpoints {
    /// RFC 9207, §2.4: who says that they name themselves must do so, and nobody may name another.
    pub(super) fn check_answering(&self, issuer: Option<&str>) -> Result<(), NoSignOn> {
        let is_them = match issuer {
            Some(issuer) => issuer == self.issuer,
            None => !self.authorization_response_iss_parameter_supported,
        };
        if is_them { Ok(()) } else { Err(NoSignOn::Other) }
    }

    /// Where the browser goes (Core 1.0, §3.1.2.1; RFC 7636).
    pub(super) fn authorization(&self, client_id: &str, callback: &str, way: &Way) -> String {
        let challenge = s256(&way.verifier);
        let mut pairs = vec![
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("client_id", client_id),
            ("redirect_uri", callback),
            ("state", &way.state),
            ("nonce", &way.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if way.fresh_from_s.is_some() {
            pairs.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let joint = if self.authorization_endpoint.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.authorization_endpoint, encoded(&pairs))
    }
}

/// A talk with one provider.
pub(super) struct Talk<'a> {
    sign_on: &'a SignOn,
    client: Client,
}

impl<'a> Talk<'a> {
    pub(super) fn new(sign_on: &'a SignOn) -> Result<Self, NoSignOn> {
        let builder = Client::builder().redirect(Policy::none()).timeout(LIMIT);
        // This machine's own is not behind a proxy, and nobody else may speak in the clear.
        let builder = if sign_on.issuer.is_loopback() {
            builder.no_proxy()
        } else {
            builder.https_only(true)
        };
        let client = builder.build().map_err(|why| described(&why))?;
        Ok(Self { sign_on, client })
    }

    pub(super) async fn endpoints(&self) -> Result<Endpoints, NoSignOn> {
        let issuer = self.sign_on.issuer.as_str();
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found: Endpoints = read(self.client.get(at)).await?;
        // Discovery 1.0, §4.3: or somebody else's keys would sign for this issuer.
        if found.issuer != issuer {
            return Err(NoSignOn::Provider("its metadata names another issuer".to_owned()));
        }
        let is_safe = |url: &str| {
            url.starts_with("https://")
                || (self.sign_on.issuer.is_loopback()
                    && ["http://127.0.0.1:", "http://localhost:"]
                        .iter()
                        .any(|b| url.starts_with(b)))
        };
        let of_all = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        for url in of_all.into_iter().chain(&found.userinfo_endpoint) {
            if !is_safe(url) || url.contains(['"', '\\', '<', '>', ' ']) {
                return Err(NoSignOn::Provider("an endpoint of it is no https URL".to_owned()));
            }
        }
        Ok(found)
    }

    pub(super) async fn keys(&self, endpoints: &Endpoints) -> Result<KeySet, NoSignOn> {
        let answer = bytes(self.client.get(&endpoints.jwks_uri)).await?;
        KeySet::from_jwks(&answer).map_err(|why| NoSignOn::Provider(why.to_string()))
    }

    /// What the provider says of the person beside the ID token, which by §5.4 need not hold their
    /// address. It counts only for the person whom the ID token names (§5.3.2).
    pub(super) async fn user(
        &self,
        endpoints: &Endpoints,
        tokens: &Tokens,
    ) -> Result<Option<About>, NoSignOn> {
        let Some(at) = &endpoints.userinfo_endpoint else { return Ok(None) };
        read(self.client.get(at).bearer_auth(tokens.access_token.as_str())).await.map(Some)
    }

    /// The tokens for a code (Core 1.0, §3.1.3).
    pub(super) async fn exchange(
        &self,
        endpoints: &Endpoints,
        (code, verifier): (&str, &str),
        callback: &str,
        secret: &str,
    ) -> Result<Tokens, NoSignOn> {
        let client_id = self.sign_on.client_id.as_str();
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
        ];
        let methods = endpoints.token_endpoint_auth_methods_supported.as_deref();
        let takes = |name: &str| methods.is_none_or(|all| all.iter().any(|one| one == name));
        let request = self.client.post(&endpoints.token_endpoint);
        let request = if takes("client_secret_basic") {
            // RFC 6749 §2.3.1: both are encoded before they are joined.
            request.basic_auth(encode(client_id), Some(encode(secret)))
        } else {
            pairs.extend([("client_id", client_id), ("client_secret", secret)]);
            request
        };
        let kind = "application/x-www-form-urlencoded";
        let request = request.header("content-type", kind).body(encoded(&pairs));
        read(request).await
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, NoSignOn> {
    let answer = bytes(request).await?;
    // The answer may hold tokens: no word of it goes into the error.
    serde_json::from_slice(&answer)
        .map_err(|_| NoSignOn::Provider("an answer of it cannot be read".to_owned()))
}

async fn bytes(request: RequestBuilder) -> Result<Vec<u8>, NoSignOn> {
    let request = request.header("accept", "application/json");
    let mut answer = request.send().await.map_err(|why| described(&why))?;
    if answer.status() != http::StatusCode::OK {
        return Err(NoSignOn::Provider(format!("it answered {}", answer.status())));
    }
    let mut whole = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|why| described(&why))? {
        if whole.len() + chunk.len() > ANSWER_AT_MOST {
            return Err(NoSignOn::Provider("an answer of it is too large".to_owned()));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

fn described(why: &reqwest::Error) -> NoSignOn {
    let cause = std::error::Error::source(why).map(ToString::to_string).unwrap_or_default();
    NoSignOn::Provider(format!("it cannot be reached: {cause}"))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// RFC 7636 §4.2.
fn s256(verifier: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_answer_names_the_provider_that_was_asked_or_nobody() {
        let asked = |names_itself: bool| Endpoints {
            issuer: "https://login.example.com".to_owned(),
            authorization_endpoint: String::new(),
            token_endpoint: String::new(),
            jwks_uri: String::new(),
            userinfo_endpoint: None,
            token_endpoint_auth_methods_supported: None,
            authorization_response_iss_parameter_supported: names_itself,
        };
        for (names_itself, named, ok) in [
            (false, None, true),
            (false, Some("https://login.example.com"), true),
            (false, Some("https://login.example.com/"), false),
            (false, Some("https://other.example"), false),
            (true, None, false),
            (true, Some("https://login.example.com"), true),
            (true, Some(""), false),
        ] {
            let answer = asked(names_itself).check_answering(named);
            assert_eq!(answer.is_ok(), ok, "{names_itself} {named:?}");
        }
    }

    #[test]
    fn what_comes_from_us_cannot_break_out_of_the_address() {
        let pairs = [("client_id", "a&b=c#d"), ("state", "x y")];
        assert_eq!(encoded(&pairs), "client_id=a%26b%3Dc%23d&state=x%20y");
    }
}
