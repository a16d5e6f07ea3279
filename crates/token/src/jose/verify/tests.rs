//! Attacks on the compact form, its header and its signature, and the examples of the RFCs.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use proptest::prelude::{any, prop, proptest};
use serde_json::Value;

use super::*;
use crate::{
    fixture::{key, key_set, payload, policy},
    jose::SigningKey,
    verify,
};

/// The order of P-256.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn outcome(token: &str) -> &'static str {
    match verify::verify(token, &key_set(), &policy(), crate::fixture::NOW_S) {
        Ok(_) => "ok",
        Err(rejection) => rejection.reason(),
    }
}

fn es256() -> &'static SigningKey {
    &key(Algorithm::Es256).signing
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn good_token() -> String {
    es256().sign(TokenType::AtJwt, &payload()).unwrap()
}

/// What becomes of a token that the right key signed under this header; `KID` is its name.
fn header_outcome(header: &str) -> &'static str {
    let header = header.replace("KID", es256().kid());
    outcome(&es256().sign_with_header(&header, &payload()))
}

#[test]
fn the_examples_of_the_rfcs_verify() {
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/rfc.json")).unwrap();
    for vector in vectors.as_array().unwrap() {
        let (from, token) = (&vector["from"], vector["token"].as_str().unwrap());
        let jwk = serde_json::from_value(vector["jwk"].clone()).unwrap();
        let key = VerifyingKey::new(&jwk).unwrap();
        let jws = Jws::parse(token).unwrap();
        assert_eq!(jws.verify_signature(&key), Ok(()), "{from}");
        // The first letter of the payload is an `e` or an `R`.
        let forged = token.replace(".e", ".f").replace(".R", ".S");
        let jws = Jws::parse(&forged).unwrap();
        assert_eq!(jws.verify_signature(&key), Err(Rejection::BadSignature), "{from}");
    }
}

#[test]
fn headers_are_judged_before_signatures_are_believed() {
    for (header, expected) in [
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID"}"#, "ok"),
        (r#" {"kid":"KID","typ":"application/AT+JWT","alg":"ES256"} "#, "ok"),
        // Keys in the header are not looked at: RFC 8725 §3.10.
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","jku":"https://evil.example"}"#, "ok"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","x5u":1,"x5c":[{}],"cty":"x"}"#, "ok"),
        (r#"{"alg":"none","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"nOnE","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"es256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":" ES256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"ES384","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"HS256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"RS256","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}"#, "wrong_algorithm"),
        (r#"{"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":null,"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":["ES256"],"typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"JWT","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"dpop+jwt","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":"logout+jwt","kid":"KID"}"#, "wrong_type"),
        (r#"{"alg":"ES256","typ":1,"kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":null,"kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":1}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":null}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":""}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID "}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"../../etc/passwd"}"#, "unknown_key"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":["exp"]}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":[]}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":null}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","b64":true}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","b64":false}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","zip":"DEF"}"#, "malformed"),
        (r#"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","\u0061lg":"ES256","typ":"at+jwt","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","kid":"KID"}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","x":1,"y":2,"x":1}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID","jwk":{"x":1,"x":2}}"#, "malformed"),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"KID"}{}"#, "malformed"),
        (r#"["ES256"]"#, "malformed"),
        (r#""ES256""#, "malformed"),
        ("null", "malformed"),
        ("", "malformed"),
    ] {
        assert_eq!(header_outcome(header), expected, "{header}");
    }
    let long = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(257));
    assert_eq!(header_outcome(&long), "malformed");
}

#[test]
fn a_key_that_the_token_brings_along_is_not_trusted() {
    let (attacker, _) = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(&attacker.public_jwk()).unwrap();
    for (kid, expected) in [(attacker.kid(), "unknown_key"), (es256().kid(), "bad_signature")] {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","jwk":{jwk}}}"#);
        assert_eq!(outcome(&attacker.sign_with_header(&header, &payload())), expected);
    }
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let jwk = serde_json::to_string(&es256().public_jwk()).unwrap();
    let public = es256().public_jwk().parse().unwrap();
    for secret in [jwk.as_bytes(), public.as_ref(), b" -----BEGIN PUBLIC KEY-----", b""] {
        for alg in ["HS256", "ES256", "none"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, es256().kid());
            let input = format!("{}.{}", b64(header), b64(payload()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
            let expected = if alg == "ES256" { "bad_signature" } else { "wrong_algorithm" };
            assert_eq!(outcome(&format!("{input}.{}", b64(tag))), expected, "{alg}");
        }
    }
}

#[test]
fn rfc_9864_gives_eddsa_a_second_name() {
    let key = &key(Algorithm::EdDsa).signing;
    for (alg, expected) in [
        ("EdDSA", "ok"),
        ("Ed25519", "ok"),
        ("Ed448", "wrong_algorithm"),
        ("ed25519", "wrong_algorithm"),
        ("ES256", "wrong_algorithm"),
    ] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, key.kid());
        assert_eq!(outcome(&key.sign_with_header(&header, &payload())), expected, "{alg}");
    }
}

#[test]
fn only_the_compact_form_in_its_one_spelling_is_read() {
    let token = good_token();
    let [header, payload, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().unwrap();
    // 64 bytes leave four bits over in the 86th character, which must be zero.
    let stray = ["B", "R", "h", "x"].map(|last| format!("{}{last}", &token[..token.len() - 1]));
    for (spelling, expected) in [
        (token.clone(), "ok"),
        (format!(" {token}"), "malformed"),
        (format!("{token} "), "malformed"),
        (format!("{token}\n"), "malformed"),
        (format!("\u{feff}{token}"), "malformed"),
        (format!("{token}="), "malformed"),
        (format!("{token}=="), "malformed"),
        (format!("{header}=.{payload}.{signature}"), "malformed"),
        (format!("{header}.{payload}=.{signature}"), "malformed"),
        (format!("{header}.{payload}. {signature}"), "malformed"),
        (format!("{header}.\r\n{payload}.{signature}"), "malformed"),
        (format!("{header}.{payload}."), "malformed"),
        (format!("{header}.{payload}"), "malformed"),
        (format!("{header}..{signature}"), "bad_signature"),
        (format!(".{payload}.{signature}"), "malformed"),
        (format!("{token}."), "malformed"),
        (format!(".{token}"), "malformed"),
        (format!("{token}.{signature}"), "malformed"),
        (format!("{header}.{payload}.x.y.{signature}"), "malformed"),
        (format!("{header}.{payload}.+{}", &signature[1..]), "malformed"),
        (format!("{header}.{payload}.é{signature}"), "malformed"),
        (stray[0].clone(), "malformed"),
        (stray[1].clone(), "malformed"),
        (stray[2].clone(), "malformed"),
        (stray[3].clone(), "malformed"),
        ("..".into(), "malformed"),
        ("...".into(), "malformed"),
        (String::new(), "malformed"),
        (".".repeat(MAX_TOKEN_LEN), "malformed"),
        (".".repeat(10_000_000), "malformed"),
        (r#"{"payload":"","signatures":[]}"#.into(), "malformed"),
    ] {
        let short: String = spelling.chars().take(80).collect();
        assert_eq!(outcome(&spelling), expected, "{short}");
    }
}

#[test]
fn a_token_is_read_up_to_8_kib() {
    // Blanks around a header may make a token of any length.
    for (blanks, expected) in [(4_000, "ok"), (8_000, "malformed")] {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"KID"}}{:blanks$}"#, "");
        assert_eq!(header_outcome(&header), expected, "{blanks}");
    }
    let parse = |len| Jws::parse(&"A".repeat(len)).map(|_| ()).unwrap_err();
    assert_eq!(parse(MAX_TOKEN_LEN), NOT_THREE_PARTS);
    assert_eq!(parse(MAX_TOKEN_LEN + 1), Rejection::Malformed("longer than 8 KiB"));
}

#[test]
fn a_token_that_was_cut_or_changed_anywhere_is_dead() {
    for algorithm in Algorithm::ALL {
        let token = key(algorithm).signing.sign(TokenType::AtJwt, &payload()).unwrap();
        assert_eq!(outcome(&token), "ok");
        for end in 0..token.len() {
            assert_ne!(outcome(&token[..end]), "ok", "{algorithm}: cut at {end}");
            let other = if token.as_bytes()[end] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..end], &token[end + 1..]);
            assert_ne!(outcome(&changed), "ok", "{algorithm}: changed at {end}");
        }
    }
}

#[test]
fn only_a_raw_signature_of_the_right_length_and_range_counts() {
    let token = good_token();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let good = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = good.split_at(32);
    let pkcs8 = &key(Algorithm::Es256).pkcs8;
    let der = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)
        .unwrap()
        .sign(&SystemRandom::new(), input.as_bytes())
        .unwrap();
    let (zero, one) = ([0; 32], [[0; 31].as_slice(), &[1]].concat());
    for (name, signature) in [
        ("r = s = 0", [zero, zero].concat()), // CVE-2022-21449
        ("r = 0", [&zero, s].concat()),
        ("s = 0", [r, &zero].concat()),
        ("r = n", [&N, s].concat()),
        ("s = n", [r, &N].concat()),
        ("r = s = n", [N, N].concat()),
        ("r = s = 1", [one.clone(), one].concat()),
        ("r = s = 2^256 - 1", vec![0xff; 64]),
        ("s, r", [s, r].concat()),
        ("r alone", r.to_vec()),
        ("63 bytes", good[..63].to_vec()),
        ("65 bytes", [&good[..], &[0]].concat()),
        ("a zero before", [&[0], &good[..]].concat()),
        ("zeros before r and s", [&[0], r, &[0], s].concat()),
        ("P-384's length", [&[0; 16], r, &[0; 16], s].concat()),
        ("DER", der.as_ref().to_vec()),
        ("one byte", vec![0]),
    ] {
        assert_eq!(outcome(&format!("{input}.{}", b64(signature))), "bad_signature", "{name}");
    }
}

#[test]
fn a_signature_of_another_key_or_length_is_wrong_for_rsa_and_ed25519() {
    for algorithm in [Algorithm::Rs256, Algorithm::EdDsa] {
        let token = key(algorithm).signing.sign(TokenType::AtJwt, &payload()).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let good = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for bad in [
            vec![0; good.len()],
            vec![0xff; good.len()],
            good[1..].to_vec(),
            [&good[..], &[0]].concat(),
            [&[0], &good[..]].concat(),
        ] {
            let token = format!("{input}.{}", b64(bad));
            assert_eq!(outcome(&token), "bad_signature", "{algorithm}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(token in "\\PC{0,64}|[A-Za-z0-9_.=-]{0,200}") {
        let _ = Jws::parse(&token);
    }

    #[test]
    fn no_header_makes_the_parser_panic(header: Vec<u8>, payload: Vec<u8>) {
        let _ = Jws::parse(&format!("{}.{}.AAAA", b64(header), b64(payload)));
    }

    #[test]
    fn whatever_is_signed_is_read_back(
        payload in prop::collection::vec(any::<u8>(), 0..600),
        at_jwt: bool,
    ) {
        let typ = if at_jwt { TokenType::AtJwt } else { TokenType::Jwt };
        let key = &key(Algorithm::EdDsa).signing;
        let token = key.sign(typ, &payload).unwrap();
        let jws = Jws::parse(&token).unwrap();
        proptest::prop_assert_eq!(jws.payload(), &payload[..]);
        let set = key_set();
        proptest::prop_assert_eq!(jws.verify_signature(set.find(key.kid()).unwrap()), Ok(()));
    }
}
