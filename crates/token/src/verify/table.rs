//! The table of tokens that binds the verifiers of all languages, `vectors/tokens.json`: what is
//! in it, and that this crate gives the verdicts that it names. Its keys and signatures are made
//! once; whoever changes a case here lets [`the_table_is_written_anew`] write the file.

mod cases;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::{
    bearer,
    fixture::{AUDIENCE, ISSUER, key},
};

const TABLE: &str = include_str!("../../vectors/tokens.json");

const ABOUT: &str = "One table for the verifiers of all languages: they accept tokens of `issuer` \
    for `audience`, signed by a key of `jwks`, with a leeway of 30 seconds, at the time `now` \
    (Unix seconds), without a revocation feed. A verdict is `ok`, or the reason of the refusal. \
    `headers` are values of `Authorization`: each yields a token, or is refused. `rejections` \
    says what a caller is told; those without `error` send none in the challenge.";

#[derive(Deserialize, Serialize)]
struct Table {
    about: String,
    issuer: String,
    audience: String,
    jwks: Value,
    rejections: Vec<Told>,
    headers: Vec<Header>,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Told {
    reason: String,
    error: Option<String>,
    description: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Header {
    value: Option<String>,
    verdict: String,
    token: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Token {
    say: String,
    now: u64,
    verdict: String,
    token: String,
}

fn jwks() -> Value {
    let keys = Algorithm::ALL.map(|algorithm| json!(key(algorithm).signing.public_jwk()));
    let mut keys = Vec::from(keys);
    // Keys that are not for us must be stepped over, not be stumbled over.
    let mut enc = keys[0].clone();
    enc["kid"] = json!("enc");
    enc["use"] = json!("enc");
    keys.push(enc);
    keys.push(json!({"kty": "EC", "crv": "P-999", "kid": "later", "x": "AA", "y": "AA"}));
    keys.push(json!({"kty": "oct", "kid": "secret", "k": "AAAA"}));
    json!({ "keys": keys })
}

fn headers() -> Vec<Header> {
    let values = [
        "Bearer a.b.c",
        "bearer a.b.c",
        "BEARER   a.b.c",
        "Bearer mF_9.B5f-4.1JqM~+/==",
        "",
        " Bearer a",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a ",
        "Bearer a,b",
        "Bearer a=b",
        "Bearer ==",
        "Bearer \"a\"",
        "Bearer a\u{e9}",
        "Bearer \ta",
        "Bearer\ta",
        "Bearera",
        "Basic YTpi",
        "DPoP a.b.c",
        "a.b.c",
    ];
    std::iter::once(None).chain(values.map(Some)).map(header).collect()
}

fn header(value: Option<&str>) -> Header {
    let parsed = bearer::parse(value.map(str::as_bytes));
    let verdict = parsed.as_ref().map_or_else(Rejection::reason, |_| "ok").to_owned();
    let token = parsed.ok().map(str::to_owned);
    Header { value: value.map(str::to_owned), verdict, token }
}

fn told() -> Vec<Told> {
    let told = |rejection: &Rejection| Told {
        reason: rejection.reason().to_owned(),
        error: rejection.code().map(str::to_owned),
        description: rejection.description().to_owned(),
    };
    crate::rejection::one_of_each().iter().map(told).collect()
}

#[test]
fn this_crate_gives_the_verdicts_of_the_table() {
    let table: Table = serde_json::from_str(TABLE).unwrap();
    let keys = KeySet::from_jwks(table.jwks.to_string().as_bytes()).unwrap();
    let policy = Policy::new(&table.issuer, [&table.audience]).unwrap();
    for Token { say, now, verdict, token } in &table.tokens {
        let got = verify(token, &keys, &policy, *now);
        assert_eq!(got.map_or_else(|r| r.reason(), |_| "ok"), verdict, "{say}");
    }
}

#[test]
fn the_table_holds_what_is_said_here() {
    let table: Table = serde_json::from_str(TABLE).unwrap();
    let says = |tokens: &[Token]| -> Vec<_> {
        tokens.iter().map(|one| (one.say.clone(), one.now, one.verdict.clone())).collect()
    };
    assert_eq!(says(&table.tokens), says(&cases::tokens()));
    assert_eq!(table.headers, headers());
    assert_eq!(table.rejections, told());
    assert_eq!((&*table.about, &*table.issuer, &*table.audience), (ABOUT, ISSUER, AUDIENCE));
}

#[test]
#[ignore = "writes vectors/tokens.json, with keys and signatures of its own"]
fn the_table_is_written_anew() {
    let table = Table {
        about: ABOUT.to_owned(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        jwks: jwks(),
        rejections: told(),
        headers: headers(),
        tokens: cases::tokens(),
    };
    let json = serde_json::to_string_pretty(&table).unwrap() + "\n";
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/tokens.json"), json).unwrap();
}
