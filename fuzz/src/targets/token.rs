//! A Bearer header, and the token in it. Whatever comes, no token is good but one that was signed,
//! letter by letter.

use anyhow::Context as _;
use hallpass_token::{
    bearer,
    claims::{Claims, Minted},
    jose::{Algorithm, KeySet, SigningKey, TokenType},
    rejection::Rejection,
    verify::{self, Policy},
};

use crate::target::{Target, Verdict, must};

const NOW_S: u64 = 1_764_000_000;
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";
const HEADER_WORDS: &[&str] = &["Bearer", "bearer ", " ", ",", "=", "Basic ", "\t", "..", "eyJ"];
const TOKEN_WORDS: &[&str] = &[
    ".",
    "=",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    "e30",
    "\"alg\":\"none\"",
    "\"crit\":[\"x\"]",
    "+",
    "/",
];
const CLAIM_WORDS: &[&str] = &[
    "\"exp\":",
    "\"iat\":",
    "\"aud\":",
    "\"cnf\":{}",
    "null",
    "[]",
    "{",
    "1e999",
    "-1",
    "0.5",
    "18446744073709551616",
    "\\u0000",
    ",",
];

fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    Minted {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: "reports",
        client_id: "reports",
        iat: NOW_S,
        exp: NOW_S + 86_400,
        jti: "1",
        scope: "books:read",
        generation: Some(1),
        organization: Some("customer"),
    }
    .write_json(&mut payload);
    payload
}

/// What RFC 6750 §3 allows in a challenge's quotes.
fn is_tame(rejection: &Rejection) -> Verdict {
    let says = rejection.to_string();
    // For people and logs: nothing that ends a line or a quote.
    must(!says.contains(['\n', '\r', '\0', '\x1B']), || format!("it breaks the log: {says:?}"))
}

pub(super) fn targets() -> anyhow::Result<Vec<Target>> {
    let keys = Algorithm::ALL.map(SigningKey::generate);
    let keys = keys.into_iter().map(|made| made.map(|(key, _)| key));
    let keys = keys.collect::<Result<Vec<_>, _>>().context("a signing key")?;
    let mut tokens = Vec::new();
    for key in &keys {
        tokens.push(key.sign(TokenType::AtJwt, &payload())?);
    }
    let known = KeySet::from_keys(keys.iter().map(SigningKey::public_jwk))?;
    let policy = Policy::new(ISSUER, [AUDIENCE])?;
    let genuine = tokens.clone();
    let headers = tokens.iter().map(|token| format!("Bearer {token}")).collect::<Vec<_>>();
    // As a program that was given another issuer's token must read it.
    let claims = [
        payload(),
        br#"{"iss":"a","aud":["b","c"],"exp":1.5,"iat":1,"sub":"d","client_id":"d","jti":"e"}"#
            .to_vec(),
    ];
    Ok(vec![
        Target::new("bearer", headers, HEADER_WORDS, |header| match bearer::parse(Some(header)) {
            Ok(token) => {
                let clean = token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
                must(clean && !token.is_empty(), || format!("not a b64token: {token:?}"))
            }
            Err(why) => is_tame(&why),
        }),
        Target::new("jwt", tokens, TOKEN_WORDS, move |token| {
            let Ok(token) = std::str::from_utf8(token) else { return Ok(()) };
            match verify::verify(token, &known, &policy, NOW_S) {
                Ok(_) => must(genuine.iter().any(|one| one == token), || {
                    "a token that nobody signed was taken for good".to_owned()
                }),
                Err(why) => is_tame(&why),
            }
        }),
        Target::new("claims", claims, CLAIM_WORDS, |payload| match Claims::parse(payload) {
            // What we take is JSON to everybody else, too.
            Ok(_) => must(serde_json::from_slice::<serde_json::Value>(payload).is_ok(), || {
                "claims were read from what is not JSON".to_owned()
            }),
            Err(why) => is_tame(&why),
        }),
    ])
}
