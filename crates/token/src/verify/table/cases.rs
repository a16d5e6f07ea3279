//! The tokens of the table: each is good, or wrong in one way.

use std::fmt::Write as _;

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};

use super::Token;
use crate::{
    fixture::{AUDIENCE, ISSUER, NOW_S, key, payload},
    jose::{Algorithm, SigningKey, TokenType},
};

/// Tokens in the course of being made.
struct Tokens(Vec<Token>);

impl Tokens {
    fn add(&mut self, say: &str, verdict: &str, token: String) {
        self.at(NOW_S, say, verdict, token);
    }

    fn at(&mut self, now: u64, say: &str, verdict: &str, token: String) {
        let (say, verdict) = (say.to_owned(), verdict.to_owned());
        self.0.push(Token { say, now, verdict, token });
    }

    /// A payload in exactly these bytes, under the right header.
    fn payload(&mut self, say: &str, verdict: &str, payload: impl AsRef<[u8]>) {
        let token = es256().sign(TokenType::AtJwt, payload.as_ref()).unwrap();
        self.add(say, verdict, token);
    }

    /// Good claims, but for one.
    fn claim(&mut self, verdict: &str, name: &str, value: &Value) {
        self.payload(&format!("{name} is {value}"), verdict, with(name, value.clone()).to_string());
    }

    /// A header of which `KID` is the right key's name.
    fn header(&mut self, verdict: &str, header: &str) {
        let signed = es256().sign_with_header(&header.replace("KID", es256().kid()), &payload());
        self.add(&format!("the header {header}"), verdict, signed);
    }
}

fn es256() -> &'static SigningKey {
    &key(Algorithm::Es256).signing
}

fn with(name: &str, value: Value) -> Value {
    let mut claims: Value = serde_json::from_slice(&payload()).unwrap();
    claims[name] = value;
    claims
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// All of them, with keys of this run.
pub(super) fn tokens() -> Vec<Token> {
    let mut tokens = Tokens(Vec::new());
    for algorithm in Algorithm::ALL {
        let token = key(algorithm).signing.sign(TokenType::AtJwt, &payload()).unwrap();
        tokens.add(&format!("a good {algorithm} token"), "ok", token);
    }
    add_shapes(&mut tokens);
    add_headers(&mut tokens);
    add_forged_keys(&mut tokens);
    add_claims(&mut tokens);
    add_dates(&mut tokens);
    tokens.0
}

fn add_shapes(tokens: &mut Tokens) {
    let good = es256().sign(TokenType::AtJwt, &payload()).unwrap();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = input.split_once('.').unwrap();
    let other = es256().sign(TokenType::AtJwt, with("sub", json!("x")).to_string().as_bytes());
    let other = other.unwrap();
    let other_body = other.split('.').nth(1).unwrap();
    // The last of the 86 characters of a signature of 64 bytes holds four bits that must be 0.
    let stray = format!("{}{}", &signature[..85], if signature.ends_with('A') { 'B' } else { 'x' });
    for (say, verdict, token) in [
        (
            "another payload under the signature",
            "bad_signature",
            format!("{header}.{other_body}.{signature}"),
        ),
        ("a signature of zeros", "bad_signature", format!("{input}.{}", b64([0; 64]))),
        ("a signature cut short", "bad_signature", format!("{input}.{}", &signature[..84])),
        ("no signature", "malformed", format!("{input}.")),
        ("two parts", "malformed", input.to_owned()),
        ("four parts", "malformed", format!("{good}.AA")),
        ("five parts, as if it were encrypted", "malformed", format!("{good}.AA.AA")),
        ("one word", "malformed", "abc".to_owned()),
        ("padding", "malformed", format!("{header}.{body}.{signature}==")),
        ("stray bits in the signature", "malformed", format!("{input}.{stray}")),
        ("the other base64 alphabet", "malformed", format!("{input}.++++{}", &signature[4..])),
        ("longer than 8 KiB", "malformed", format!("{good}{}", "A".repeat(8192))),
    ] {
        tokens.add(say, verdict, token);
    }
}

fn add_headers(tokens: &mut Tokens) {
    for (header, verdict) in [
        (r#" {"kid":"KID","typ":"application/AT+JWT","alg":"ES256"} "#, "ok"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","jku":"https://evil.example"}"#, "ok"),
        (r#"{"alg":"none","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"nOnE","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"es256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"ES384","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"RS256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":null,"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":["ES256"],"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"JWT","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"dpop+jwt","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":1,"kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":null,"kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":1}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":""}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"nobody"}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"enc"}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"__proto__"}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":["exp"]}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":[]}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","b64":true}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","zip":"DEF"}"#, "malformed"),
        (r#"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","\u0061lg":"ES256","typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","jwk":{"x":1,"x":2}}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID"}{}"#, "malformed"),
        (r#"["ES256"]"#, "malformed"),
        ("null", "malformed"),
        ("", "malformed"),
    ] {
        tokens.header(verdict, header);
    }
    let long = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(257));
    tokens.header("malformed", &long);
}

/// Algorithms and keys that an attacker would like to be believed.
fn add_forged_keys(tokens: &mut Tokens) {
    let kid = es256().kid();
    let unsigned = format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}"}}"#);
    let unsigned = format!("{}.{}.", b64(unsigned), b64(payload()));
    tokens.add("alg none, unsigned", "malformed", unsigned);

    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key(Algorithm::Es256).pkcs8);
    let public = pair.unwrap();
    let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = public.public_key().as_der().unwrap();
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in STANDARD.encode(spki.as_ref()).as_bytes().chunks(64) {
        writeln!(pem, "{}", str::from_utf8(line).unwrap()).unwrap();
    }
    pem += "-----END PUBLIC KEY-----\n";
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#);
    let input = format!("{}.{}", b64(header), b64(payload()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, pem.as_bytes());
    let signed = format!("{input}.{}", b64(hmac::sign(&secret, input.as_bytes())));
    tokens.add("HS256 with the public key as the secret", "wrong_algorithm", signed);

    let mallory = SigningKey::generate(Algorithm::Es256).unwrap().0;
    let jwk = serde_json::to_string(&mallory.public_jwk()).unwrap();
    let token = |header: &str| mallory.sign_with_header(header, &payload());
    let own = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#);
    tokens.add("another's key under a known kid", "bad_signature", token(&own));
    let own = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","jwk":{jwk}}}"#);
    tokens.add("another's key, brought along as jwk", "bad_signature", token(&own));
    let rsa = key(Algorithm::Rs256).signing.kid();
    let cross = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{rsa}"}}"#);
    tokens.add("ES256 with the kid of an RSA key", "wrong_algorithm", token(&cross));
}

fn add_claims(tokens: &mut Tokens) {
    for name in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"] {
        let mut claims: Map<String, Value> = serde_json::from_slice(&payload()).unwrap();
        claims.remove(name);
        tokens.payload(&format!("without {name}"), "bad_claim", json!(claims).to_string());
        tokens.claim("bad_claim", name, &Value::Null);
        tokens.claim("bad_claim", name, &json!({}));
        tokens.claim("bad_claim", name, &json!(true));
    }
    let slash = format!("{AUDIENCE}/");
    for (verdict, name, value) in [
        ("ok", "aud", json!(slash)),
        ("ok", "aud", json!(["https://other.example", AUDIENCE])),
        ("wrong_audience", "aud", json!("https://other.example")),
        ("wrong_audience", "aud", json!(["https://other.example"])),
        ("wrong_audience", "aud", json!(format!("{AUDIENCE}//"))),
        ("wrong_audience", "aud", json!(format!("{AUDIENCE}/x"))),
        ("wrong_audience", "aud", json!("")),
        ("bad_claim", "aud", json!([])),
        ("bad_claim", "aud", json!([AUDIENCE, 1])),
        ("wrong_issuer", "iss", json!(format!("{ISSUER}/"))),
        ("wrong_issuer", "iss", json!("https://issuer.example.evil.example")),
        ("bad_claim", "iss", json!("")),
        ("bad_claim", "sub", json!("")),
        ("bad_claim", "client_id", json!("")),
        ("bad_claim", "jti", json!("")),
        ("bad_claim", "jti", json!(7)),
        ("bad_claim", "scope", json!(["books:read"])),
        ("bad_claim", "gen", json!("1")),
        ("bad_claim", "gen", json!(-1)),
        ("bad_claim", "gen", json!(4_294_967_296_u64)),
        ("ok", "gen", json!(4_294_967_295_u32)),
        ("bad_claim", "org", json!("")),
        ("bad_claim", "org", json!(1)),
        ("bound", "cnf", json!({"jkt": "x"})),
        ("bad_claim", "exp", json!(NOW_S.to_string())),
        ("bad_claim", "exp", json!(-1)),
        ("bad_claim", "exp", json!(NOW_S * 1000)),
        ("bad_claim", "nbf", json!("0")),
        ("ok", "more", json!({"a": [1, null, "é"]})),
    ] {
        tokens.claim(verdict, name, &value);
    }
    let good = String::from_utf8(payload()).unwrap();
    let open = good.strip_suffix('}').unwrap();
    tokens.payload("a claim twice", "bad_claim", format!(r#"{open},"exp":1}}"#));
    tokens.payload("an unknown claim twice", "bad_claim", format!(r#"{open},"x":1,"x":1}}"#));
    let deep = format!(r#"{open},"x":[{{"y":1,"y":2}}]}}"#);
    tokens.payload("a member twice, deep inside", "bad_claim", deep);
    tokens.payload("a payload cut short", "bad_claim", open);
    tokens.payload("a payload with more after it", "bad_claim", format!("{good}{{}}"));
    tokens.payload("a payload that is an array", "bad_claim", "[]");
    tokens.payload("an empty payload", "bad_claim", "");
    tokens.payload(
        "a payload that is not UTF-8",
        "bad_claim",
        [open.as_bytes(), b",\"x\":\"\xff\"}"].concat(),
    );
}

fn add_dates(tokens: &mut Tokens) {
    let exp = NOW_S + 86_400;
    for (name, value, now, verdict) in [
        ("exp", json!(exp), exp + 29, "ok"),
        ("exp", json!(exp), exp + 30, "expired"),
        ("exp", json!(exp as f64 + 0.9), exp + 30, "expired"),
        ("exp", json!(0), NOW_S, "expired"),
        ("nbf", json!(NOW_S + 30), NOW_S, "ok"),
        ("nbf", json!(NOW_S + 31), NOW_S, "not_yet_valid"),
        ("nbf", json!(NOW_S as f64 + 30.5), NOW_S, "not_yet_valid"),
        ("iat", json!(NOW_S + 30), NOW_S, "ok"),
        ("iat", json!(NOW_S + 30), NOW_S - 1, "not_yet_valid"),
    ] {
        let payload = with(name, value.clone()).to_string();
        let token = es256().sign(TokenType::AtJwt, payload.as_bytes()).unwrap();
        tokens.at(now, &format!("{name} is {value}, now is {now}"), verdict, token);
    }
}
