//! What a provider says of a person, checked (OpenID Connect Core 1.0, §3.1.3.7). The algorithm is
//! the key's; the token's own word for it only has to agree.

use hallpass_token::jose::{Jws, KeySet, TokenType, Typ};
use serde::Deserialize;

use super::NoSignOn;

/// How far the provider's clock may be off, in seconds.
const LEEWAY_S: u64 = 60;

/// What the token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now_s: u64,
    /// The person must have proved who they are since then.
    pub(super) fresh_from_s: Option<u64>,
}

/// Whom a provider vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vouched {
    /// Who they are to the provider.
    pub sub: String,
    /// Their address, if the provider says one.
    pub email: Option<String>,
    /// Whether the provider says that it has not checked the address.
    pub email_is_unverified: bool,
    /// What they are called, if the provider says so.
    pub name: Option<String>,
    /// When they proved to the provider who they are, if it says so, in seconds.
    pub proved_at_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Some providers write it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: u64,
    iat: u64,
    nonce: Option<String>,
    auth_time: Option<u64>,
    #[serde(flatten)]
    about: Details,
}

/// What is said of a person, here or there (§5.1).
#[derive(Deserialize)]
struct Details {
    email: Option<String>,
    email_verified: Option<Flag>,
    name: Option<String>,
}

/// The same from the userinfo endpoint.
#[derive(Deserialize)]
pub(super) struct About {
    sub: String,
    #[serde(flatten)]
    details: Details,
}

impl Vouched {
    fn new(sub: String, details: Details, proved_at_s: Option<u64>) -> Self {
        let email_is_unverified = match &details.email_verified {
            None | Some(Flag::Bool(true)) => false,
            Some(Flag::Text(text)) => text != "true",
            Some(Flag::Bool(false)) => true,
        };
        let Details { email, name, .. } = details;
        Self { sub, email, email_is_unverified, name, proved_at_s }
    }

    /// Completed by what the userinfo endpoint says, if that is about the same person.
    pub(super) fn completed(self, about: About) -> Self {
        if about.sub == self.sub {
            Self::new(about.sub, about.details, self.proved_at_s)
        } else {
            self
        }
    }
}

/// Checks an ID token.
pub(super) fn check(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Vouched, NoSignOn> {
    let refused = NoSignOn::IdToken;
    let jws = Jws::parse(token).map_err(|_| refused("it is no signed token"))?;
    // An access token is not one, whoever issued it.
    if !matches!(jws.header().typ, Typ::Absent | Typ::Known(TokenType::Jwt)) {
        return Err(refused("it is a token of another kind"));
    }
    let mut all = keys.iter();
    let key = match (&jws.header().kid, all.next(), all.next()) {
        (Some(kid), ..) => keys.find(kid),
        // §10.1: without a name only if there is no choice.
        (None, Some(only), None) => Some(only),
        (None, ..) => None,
    };
    let key = key.ok_or(refused("its key is unknown"))?;
    jws.verify_signature(key).map_err(|_| refused("its signature does not fit"))?;
    let claims: Claims =
        serde_json::from_slice(jws.payload()).map_err(|_| refused("it lacks a claim"))?;
    check_claims(&claims, expected)?;
    Ok(Vouched::new(claims.sub, claims.about, claims.auth_time))
}

fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), NoSignOn> {
    let refused = NoSignOn::IdToken;
    if claims.iss != expected.issuer {
        return Err(refused("it names another issuer"));
    }
    let is_us = |one: &String| one == expected.client_id;
    let (for_us, for_others) = match &claims.aud {
        Audience::One(one) => (is_us(one), false),
        Audience::Several(all) => (all.iter().any(is_us), all.len() > 1),
    };
    let presented_by_us = match &claims.azp {
        Some(azp) => is_us(azp),
        None => !for_others,
    };
    if !for_us || !presented_by_us {
        return Err(refused("it is for somebody else"));
    }
    if claims.exp.saturating_add(LEEWAY_S) <= expected.now_s {
        return Err(refused("it has expired"));
    }
    if claims.iat > expected.now_s + LEEWAY_S {
        return Err(refused("it comes from the future"));
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(refused("it answers another question"));
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 || claims.sub.contains(char::is_control) {
        return Err(refused("its subject is none"));
    }
    match (expected.fresh_from_s, claims.auth_time) {
        (None, _) => Ok(()),
        (Some(from_s), Some(at_s)) if at_s.saturating_add(LEEWAY_S) >= from_s => Ok(()),
        (Some(_), _) => Err(refused("nobody proved anew who they are")),
    }
}

#[cfg(test)]
mod tests {
    use hallpass_token::jose::{Algorithm, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: u64 = 1_764_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://login.example.com",
            client_id: "hallpass",
            nonce: "n",
            now_s: NOW_S,
            fresh_from_s: None,
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://login.example.com",
            "sub": "ada",
            "aud": "hallpass",
            "exp": NOW_S + 300,
            "iat": NOW_S,
            "nonce": "n",
            "email": "ada@example.com",
            "email_verified": true,
            "name": "Ada",
        })
    }

    fn key(algorithm: Algorithm) -> SigningKey {
        SigningKey::generate(algorithm).unwrap().0
    }

    fn keys(own: &[&SigningKey]) -> KeySet {
        KeySet::from_keys(own.iter().map(|key| key.public_jwk())).unwrap()
    }

    fn checked(claims: &Value, expected: &Expected<'_>) -> Result<Vouched, String> {
        let key = key(Algorithm::Es256);
        let token = key.sign(TokenType::Jwt, claims.to_string().as_bytes()).unwrap();
        check(&token, &keys(&[&key]), expected).map_err(|why| why.to_string())
    }

    #[test]
    fn a_provider_vouches_for_a_person() {
        let vouched = checked(&claims(), &expected()).unwrap();
        let wanted = Vouched {
            sub: "ada".to_owned(),
            email: Some("ada@example.com".to_owned()),
            email_is_unverified: false,
            name: Some("Ada".to_owned()),
            proved_at_s: None,
        };
        assert_eq!(vouched, wanted);
        for (verified, is_unverified) in [
            (json!(false), true),
            (json!("false"), true),
            (json!("true"), false),
            (json!(null), false),
        ] {
            let mut said = claims();
            said["email_verified"] = verified.clone();
            let vouched = checked(&said, &expected()).unwrap();
            assert_eq!(vouched.email_is_unverified, is_unverified, "{verified}");
        }
    }

    #[test]
    fn the_userinfo_endpoint_completes_only_the_same_person() {
        let mut said = claims();
        said.as_object_mut().unwrap().remove("email");
        let vouched = checked(&said, &expected()).unwrap();
        for (sub, wanted) in [("ada", Some("ada@example.com")), ("eve", None)] {
            let about = json!({ "sub": sub, "email": "ada@example.com", "other": 1 });
            let about: About = serde_json::from_value(about).unwrap();
            assert_eq!(vouched.clone().completed(about).email.as_deref(), wanted, "{sub}");
        }
    }

    #[test]
    fn each_claim_must_be_what_was_asked_for() {
        for (name, value, why) in [
            ("iss", json!("https://evil.example"), "another issuer"),
            ("iss", json!("https://login.example.com/"), "another issuer"),
            ("aud", json!("other"), "somebody else"),
            ("aud", json!(["other"]), "somebody else"),
            ("aud", json!(["hallpass", "other"]), "somebody else"), // Without azp.
            ("azp", json!("other"), "somebody else"),
            ("exp", json!(NOW_S - 60), "expired"),
            ("iat", json!(NOW_S + 61), "future"),
            ("nonce", json!("other"), "another question"),
            ("nonce", json!(null), "another question"),
            ("sub", json!(""), "subject"),
            ("sub", json!("a\nb"), "subject"),
            ("sub", json!(null), "lacks a claim"),
            ("exp", json!("soon"), "lacks a claim"),
        ] {
            let mut said = claims();
            said[name] = value.clone();
            let refused = checked(&said, &expected()).unwrap_err();
            assert!(refused.contains(why), "{name} {value}: {refused}");
        }
        let mut several = claims();
        several["aud"] = json!(["hallpass", "other"]);
        several["azp"] = json!("hallpass");
        assert!(checked(&several, &expected()).is_ok());
    }

    #[test]
    fn a_fresh_proof_is_one_that_the_provider_dates() {
        let fresh = Expected { fresh_from_s: Some(NOW_S), ..expected() };
        for (auth_time, ok) in
            [(json!(null), false), (json!(NOW_S - 61), false), (json!(NOW_S), true)]
        {
            let mut said = claims();
            said["auth_time"] = auth_time.clone();
            assert_eq!(checked(&said, &fresh).is_ok(), ok, "{auth_time}");
        }
    }

    #[test]
    fn only_the_providers_own_keys_sign() {
        let (own, other) = (key(Algorithm::Es256), key(Algorithm::Es256));
        let payload = claims().to_string();
        let token = own.sign(TokenType::Jwt, payload.as_bytes()).unwrap();
        assert!(check(&token, &keys(&[&own, &other]), &expected()).is_ok());
        assert!(check(&token, &keys(&[&other]), &expected()).is_err());
        let access = own.sign(TokenType::AtJwt, payload.as_bytes()).unwrap();
        assert!(check(&access, &keys(&[&own]), &expected()).is_err(), "an access token");
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        for forged in [
            format!("{head}.{}.{signature}", "eyJzdWIiOiJldmUifQ"),
            format!("{head}.{}.", rest.split_once('.').unwrap().0),
            "eyJhbGciOiJub25lIn0.e30.".to_owned(),
            String::new(),
        ] {
            assert!(check(&forged, &keys(&[&own]), &expected()).is_err(), "{forged}");
        }
    }
}
