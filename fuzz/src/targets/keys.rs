//! A key set as some issuer, or somebody in between, may send it.

use hallpass_token::jose::{Algorithm, KeySet, SigningKey};
use serde_json::json;

use crate::target::{Target, must};

const WORDS: &[&str] = &[
    "\"kty\":\"oct\"",
    "\"kty\":\"RSA\"",
    "\"kty\":\"EC\"",
    "\"crv\":\"P-384\"",
    "\"alg\":\"none\"",
    "\"use\":\"enc\"",
    "\"key_ops\":[\"sign\"]",
    "\"d\":\"AA\"",
    "\"kid\":",
    "\"x\":\"\"",
    "\"n\":\"AQAB\"",
    "null",
    "{}",
    "[",
    ",",
    "A",
];

pub(super) fn target() -> anyhow::Result<Target> {
    let mut keys = Vec::new();
    for algorithm in Algorithm::ALL {
        keys.push(serde_json::to_value(SigningKey::generate(algorithm)?.0.public_jwk())?);
    }
    let mut seeds: Vec<String> =
        keys.iter().map(|key| json!({ "keys": [key] }).to_string()).collect();
    seeds.push(json!({ "keys": keys }).to_string());
    Ok(Target::new("jwks", seeds, WORDS, |text| {
        let Ok(keys) = KeySet::from_jwks(text) else { return Ok(()) };
        for key in keys.iter() {
            let found = keys.find(key.kid());
            must(found.is_some(), || format!("key {:?} is there and is not found", key.kid()))?;
        }
        let members = serde_json::from_slice::<serde_json::Value>(text)
            .map_err(|why| format!("keys were read from what is not JSON: {why}"))?;
        let sent = members["keys"].as_array().map_or(0, Vec::len);
        must(keys.len() + keys.skipped().len() == sent, || {
            format!("of {sent} keys {} were read and {} skipped", keys.len(), keys.skipped().len())
        })
    }))
}
