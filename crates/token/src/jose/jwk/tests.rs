//! Which public keys are read and which are not, one by one and in sets.

use serde_json::json;

use super::*;
use crate::{fixture, jose::KeySet};

const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const OKP_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y})
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": b64(n), "e": b64(e)})
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

/// What becomes of a key: its algorithm, or in a word why it is refused.
fn read(jwk: &Value) -> &'static str {
    match Jwk::from_members(jwk.as_object().unwrap()) {
        Ok(jwk) => jwk.algorithm().as_str(),
        Err(KeyError::Unsupported(_)) => "unsupported",
        Err(KeyError::PrivateMaterial) => "private",
        Err(KeyError::Invalid(_)) => "invalid",
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSo\
             c_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YG\
             jQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt\
             -bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDK\
             gw";
    for (jwk, thumbprint) in [
        // RFC 7638 §3.1; its members `alg` and `kid` do not count.
        (
            json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        // RFC 8037 appendix A.3.
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": OKP_X}),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ] {
        let jwk = Jwk::from_members(jwk.as_object().unwrap()).unwrap();
        assert_eq!(jwk.thumbprint(), thumbprint);
    }
}

#[test]
fn only_public_signature_keys_of_three_kinds_are_read() {
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": OKP_X});
    let good_n = [&[0x80][..], &[0; 254], &[1]].concat();
    let rsa_good = rsa(&good_n, &[1, 0, 1]);
    for (jwk, expected) in [
        (ec(), "ES256"),
        (okp.clone(), "EdDSA"),
        (rsa_good.clone(), "RS256"),
        (with(ec(), "alg", "ES256"), "ES256"),
        (with(okp.clone(), "alg", "EdDSA"), "EdDSA"),
        (with(okp.clone(), "alg", "Ed25519"), "EdDSA"),
        (with(ec(), "use", "sig"), "ES256"),
        (with(ec(), "key_ops", json!(["verify"])), "ES256"),
        (with(ec(), "x5c", json!(["unread"])), "ES256"),
        (with(ec(), "use", "enc"), "unsupported"),
        (with(ec(), "use", 1), "invalid"),
        (with(ec(), "key_ops", json!(["sign"])), "unsupported"),
        (with(ec(), "key_ops", json!([])), "unsupported"),
        (with(ec(), "key_ops", "verify"), "invalid"),
        (with(ec(), "alg", "ES384"), "unsupported"),
        (with(ec(), "alg", "RS256"), "unsupported"),
        (with(ec(), "alg", "none"), "unsupported"),
        (with(ec(), "alg", Value::Null), "invalid"),
        (with(rsa_good.clone(), "alg", "PS256"), "unsupported"),
        (with(rsa_good.clone(), "alg", "RSA-OAEP"), "unsupported"),
        (with(ec(), "crv", "P-384"), "unsupported"),
        (with(ec(), "crv", "secp256k1"), "unsupported"),
        (with(ec(), "kty", "OKP"), "unsupported"),
        (with(okp.clone(), "crv", "X25519"), "unsupported"),
        (with(okp.clone(), "crv", "Ed448"), "unsupported"),
        (json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), "unsupported"),
        (json!({"kty": "oct"}), "unsupported"),
        (json!({"kty": "oct", "k": "AA"}), "private"),
        (with(ec(), "d", "AA"), "private"),
        (with(okp.clone(), "d", "AA"), "private"),
        (with(rsa_good.clone(), "p", "AA"), "private"),
        (with(rsa_good, "oth", json!([])), "private"),
        (json!({}), "invalid"),
        (with(ec(), "kty", 2), "invalid"),
        (with(ec(), "kid", 2), "invalid"),
        (with(ec(), "y", EC_X), "invalid"), // Off the curve: RFC 8725 §3.4.
        (with(ec(), "x", b64(&[0; 32])), "invalid"),
        (with(ec(), "x", b64(&[0; 31])), "invalid"),
        (with(ec(), "x", b64(&[0; 33])), "invalid"),
        (with(ec(), "x", format!("{EC_X}=")), "invalid"),
        (with(ec(), "x", EC_X.replace("VEU", "VEV")), "invalid"), // Stray bits at the end.
        (with(ec(), "y", EC_Y.replace('_', "/")), "invalid"),
        (with(ec(), "x", format!(" {EC_X}")), "invalid"),
        (with(okp, "x", b64(&[1; 31])), "invalid"),
        (json!({"kty": "EC", "crv": "P-256", "x": EC_X}), "invalid"),
        (json!({"kty": "RSA", "n": b64(&good_n)}), "invalid"),
        (rsa(&good_n, &[]), "invalid"),
        (rsa(&good_n, &[1]), "invalid"),
        (rsa(&good_n, &[2]), "invalid"),
        (rsa(&good_n, &[0, 1, 0, 1]), "invalid"),
        (rsa(&good_n, &[1, 0, 0, 0, 1]), "invalid"),
        (rsa(&[], &[1, 0, 1]), "invalid"),
        (rsa(&[0xff; 128], &[1, 0, 1]), "invalid"), // 1024 bits
        (rsa(&[&[0x0f][..], &[0xff; 253]].concat(), &[1, 0, 1]), "invalid"), // 2028 bits
        (rsa(&[&[0x7f][..], &[0xff; 255]].concat(), &[1, 0, 1]), "invalid"), // 2047 bits
        (rsa(&[&[0x00][..], &good_n].concat(), &[1, 0, 1]), "invalid"),
        (rsa(&[0xfe; 256], &[1, 0, 1]), "invalid"), // Even.
        (rsa(&[0xff; 1025], &[1, 0, 1]), "invalid"),
    ] {
        assert_eq!(read(&jwk), expected, "{jwk}");
    }
}

#[test]
fn a_published_key_is_read_back_and_shows_nothing_private() {
    for algorithm in Algorithm::ALL {
        let jwk = fixture::key(algorithm).signing.public_jwk();
        let json = serde_json::to_value(&jwk).unwrap();
        let mut names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected: &[&str] = match algorithm {
            Algorithm::Es256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            Algorithm::Rs256 => &["alg", "e", "kid", "kty", "n", "use"],
            Algorithm::EdDsa => &["alg", "crv", "kid", "kty", "use", "x"],
        };
        assert_eq!(names, expected);
        assert_eq!(serde_json::from_value::<Jwk>(json).unwrap(), jwk);
        assert_eq!(jwk.kid(), Some(jwk.thumbprint().as_str()));
    }
}

#[test]
fn a_key_set_steps_over_what_it_cannot_use_and_says_so() {
    let es256 = with(ec(), "kid", "a");
    let set = json!({
        "keys": [
            es256,
            {"kty": "OKP", "crv": "Ed25519", "x": OKP_X},
            with(ec(), "use", "enc"),
            {"kty": "OKP", "crv": "Ed25519", "x": OKP_X, "kid": "a"},
            with(ec(), "d", "AA"),
            "not a key",
        ],
        "more": 1,
    });
    let set = KeySet::from_jwks(set.to_string().as_bytes()).unwrap();
    assert_eq!(set.len(), 2);
    // The first key of a name counts; a key without a name goes by its thumbprint.
    assert_eq!(set.find("a").map(|key| key.algorithm()), Some(Algorithm::Es256));
    assert!(set.find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").is_some());
    assert!(set.find("b").is_none() && set.find("").is_none());
    assert_eq!(
        set.skipped(),
        [
            KeyError::Unsupported("use"),
            KeyError::DuplicateKid,
            KeyError::PrivateMaterial,
            KeyError::Invalid("not a JSON object"),
        ]
    );
    assert_eq!(set.iter().count(), 2);
    assert!(!format!("{set:?}").contains(EC_X), "terse in logs");
}

#[test]
fn what_is_not_a_key_set_is_refused() {
    let many = json!({"keys": vec![ec(); 101]}).to_string();
    for (jwks, good) in [
        (r#"{"keys":[]}"#, true),
        ("", false),
        ("[]", false),
        ("{}", false),
        (r#"{"keys":{}}"#, false),
        (r#"{"keys":[],"keys":[]}"#, false),
        (r#"{"keys":[{"kid":"a","kid":"b"}]}"#, false),
        ("<html>", false),
        (&many, false),
    ] {
        assert_eq!(KeySet::from_jwks(jwks.as_bytes()).is_ok(), good, "{jwks}");
    }
    let twice = vec![fixture::key(Algorithm::Es256).signing.public_jwk(); 2];
    assert_eq!(KeySet::from_keys(twice).unwrap_err(), KeyError::DuplicateKid);
}

#[test]
fn a_published_set_is_a_key_set() {
    let keys = Algorithm::ALL.map(|one| fixture::key(one).signing.public_jwk()).to_vec();
    let json = serde_json::to_vec(&Jwks { keys: keys.clone() }).unwrap();
    let set = KeySet::from_jwks(&json).unwrap();
    assert!(set.skipped().is_empty());
    assert!(keys.iter().all(|jwk| set.find(jwk.kid().unwrap()).is_some()));
    assert_eq!(serde_json::from_slice::<Jwks>(&json).unwrap().keys, keys);
}
