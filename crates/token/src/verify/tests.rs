//! Whole tokens against policies and clocks.

use serde_json::{Value, json};

use super::*;
use crate::fixture::{AUDIENCE, ISSUER, NOW_S, key, key_set, payload, policy};

fn claims_with(name: &str, value: Value) -> Claims {
    let mut claims: Value = serde_json::from_slice(&payload()).unwrap();
    claims[name] = value;
    Claims::parse(claims.to_string().as_bytes()).unwrap()
}

fn outcome(claims: &Claims, policy: &Policy, now_s: u64) -> &'static str {
    check_claims(claims, policy, now_s).map_or_else(|rejection| rejection.reason(), |()| "ok")
}

#[test]
fn a_good_token_passes_with_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let key = &key(algorithm).signing;
        let token = key.sign(TokenType::AtJwt, &payload()).unwrap();
        let verified = verify(&token, &key_set(), &policy(), NOW_S).unwrap();
        assert_eq!(verified.kid, key.kid());
        assert_eq!(verified.claims, Claims::parse(&payload()).unwrap());
        let unknown = verify(&token, &KeySet::default(), &policy(), NOW_S).unwrap_err();
        assert_eq!(unknown, Rejection::UnknownKey { kid: key.kid().to_owned() });
    }
}

#[test]
fn the_issuer_is_compared_exactly() {
    for (iss, expected) in [
        (ISSUER, "ok"),
        ("https://issuer.example/", "wrong_issuer"),
        ("https://issuer.exampl", "wrong_issuer"),
        ("https://issuer.example.evil.example", "wrong_issuer"),
        ("issuer.example", "wrong_issuer"),
        ("https://ISSUER.example", "wrong_issuer"),
        (" https://issuer.example", "wrong_issuer"),
    ] {
        let claims = claims_with("iss", json!(iss));
        assert_eq!(outcome(&claims, &policy(), NOW_S), expected, "{iss}");
    }
}

#[test]
fn one_audience_must_be_ours_but_for_a_slash_at_the_end() {
    let slash = format!("{AUDIENCE}/");
    let with_slash = Policy::new(ISSUER, [slash.as_str()]).unwrap();
    for (aud, expected) in [
        (json!(AUDIENCE), "ok"),
        (json!(slash), "ok"),
        (json!(["https://other.example", AUDIENCE]), "ok"),
        (json!(["https://other.example"]), "wrong_audience"),
        (json!(""), "wrong_audience"),
        (json!("/"), "wrong_audience"),
        (json!([""]), "wrong_audience"),
        (json!(format!("{AUDIENCE}//")), "wrong_audience"),
        (json!(format!("{AUDIENCE}/x")), "wrong_audience"),
        (json!(AUDIENCE.to_uppercase()), "wrong_audience"),
        (json!(&AUDIENCE[..AUDIENCE.len() - 1]), "wrong_audience"),
        (json!(format!("{AUDIENCE} https://other.example")), "wrong_audience"),
    ] {
        let claims = claims_with("aud", aud.clone());
        assert_eq!(outcome(&claims, &policy(), NOW_S), expected, "{aud}");
        assert_eq!(outcome(&claims, &with_slash, NOW_S), expected, "{aud}");
    }
    let any = Policy::new(ISSUER, ["https://other.example", AUDIENCE]).unwrap();
    assert_eq!(outcome(&claims_with("aud", json!(AUDIENCE)), &any, NOW_S), "ok");
}

#[test]
fn time_is_kept_to_the_second_with_the_leeway_of_the_policy() {
    let strict = policy().with_leeway_s(0).unwrap();
    for (name, at, now_s, by_default, by_strict) in [
        ("exp", NOW_S, NOW_S - 1, "ok", "ok"),
        ("exp", NOW_S, NOW_S, "ok", "expired"),
        ("exp", NOW_S, NOW_S + 29, "ok", "expired"),
        ("exp", NOW_S, NOW_S + 30, "expired", "expired"),
        ("exp", 0, NOW_S, "expired", "expired"),
        ("nbf", NOW_S, NOW_S, "ok", "ok"),
        ("nbf", NOW_S + 1, NOW_S, "ok", "not_yet_valid"),
        ("nbf", NOW_S + 30, NOW_S, "ok", "not_yet_valid"),
        ("nbf", NOW_S + 31, NOW_S, "not_yet_valid", "not_yet_valid"),
        ("nbf", 253_402_300_799, NOW_S, "not_yet_valid", "not_yet_valid"),
        ("iat", NOW_S, NOW_S, "ok", "ok"),
        ("iat", NOW_S + 1, NOW_S, "ok", "not_yet_valid"),
        ("iat", NOW_S + 31, NOW_S, "not_yet_valid", "not_yet_valid"),
        ("iat", 0, NOW_S, "ok", "ok"),
        ("exp", 5, u64::MAX, "expired", "expired"),
    ] {
        let mut claims = claims_with(name, json!(at));
        if name == "exp" {
            claims.iat = 0;
        }
        assert_eq!(outcome(&claims, &policy(), now_s), by_default, "{name} {at} at {now_s}");
        assert_eq!(outcome(&claims, &strict, now_s), by_strict, "{name} {at} at {now_s}");
    }
}

#[test]
fn only_the_switch_lets_typ_jwt_pass() {
    let key = &key(Algorithm::Es256).signing;
    let loose = policy().with_jwt_type(true);
    for (typ, by_default, by_loose) in [
        (r#""typ":"at+jwt","#, "ok", "ok"),
        (r#""typ":"JWT","#, "wrong_type", "ok"),
        (r#""typ":"jwt","#, "wrong_type", "ok"),
        (r#""typ":"id_token","#, "wrong_type", "wrong_type"),
        ("", "wrong_type", "wrong_type"),
    ] {
        let header = format!(r#"{{{typ}"alg":"ES256","kid":"{}"}}"#, key.kid());
        let token = key.sign_with_header(&header, &payload());
        for (policy, expected) in [(policy(), by_default), (loose.clone(), by_loose)] {
            let got = verify(&token, &key_set(), &policy, NOW_S);
            assert_eq!(
                got.map_or_else(|rejection| rejection.reason(), |_| "ok"),
                expected,
                "{typ}"
            );
        }
    }
}

#[test]
fn a_policy_may_allow_fewer_algorithms() {
    let only = policy().with_algorithms(&[Algorithm::Rs256]).unwrap();
    for algorithm in Algorithm::ALL {
        let token = key(algorithm).signing.sign(TokenType::AtJwt, &payload()).unwrap();
        let got = verify(&token, &key_set(), &only, NOW_S).map(|_| ());
        if algorithm == Algorithm::Rs256 {
            assert_eq!(got, Ok(()));
        } else {
            let expected = "alg: expected RS256, got ";
            assert!(got.unwrap_err().to_string().starts_with(expected));
        }
    }
}

#[test]
fn a_policy_that_protects_nothing_cannot_be_made() {
    let none: [&str; 0] = [];
    for (got, expected) in [
        (Policy::new("", [AUDIENCE]), BadPolicy::NoIssuer),
        (Policy::new(ISSUER, none), BadPolicy::NoAudience),
        (Policy::new(ISSUER, [""]), BadPolicy::NoAudience),
        (Policy::new(ISSUER, ["/"]), BadPolicy::NoAudience),
        (Policy::new(ISSUER, [AUDIENCE, ""]), BadPolicy::NoAudience),
        (policy().with_algorithms(&[]), BadPolicy::NoAlgorithm),
        (policy().with_leeway_s(301), BadPolicy::Leeway(301)),
    ] {
        assert_eq!(got, Err(expected));
    }
    assert_eq!(policy().with_leeway_s(LEEWAY_MAX_S).unwrap().leeway_s(), 300);
}

#[test]
fn the_first_thing_wrong_is_the_one_that_is_told() {
    let key = &key(Algorithm::Es256).signing;
    let kid = key.kid();
    let bad_claims = br#"{"cnf":{}}"#;
    let sign = |header: &str| key.sign_with_header(header, bad_claims);
    let forged = |token: String| {
        let (input, _) = token.rsplit_once('.').unwrap();
        format!("{input}.{}", "A".repeat(86))
    };
    for (token, expected) in [
        (sign(r#"{"alg":"RS256","typ":"x","kid":"?","crit":[]}"#), "malformed"),
        (sign(r#"{"alg":"RS256","typ":"x","kid":"?"}"#), "wrong_type"),
        (sign(r#"{"alg":"RS256","typ":"at+jwt","kid":"?"}"#), "unknown_key"),
        (sign(&format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#)), "wrong_algorithm"),
        (
            forged(sign(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#))),
            "bad_signature",
        ),
        (sign(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#)), "bound"),
    ] {
        let got = verify(&token, &key_set(), &policy(), NOW_S).unwrap_err();
        assert_eq!(got.reason(), expected, "{got}");
    }
}

#[test]
fn a_log_line_says_expected_and_got() {
    let got = check_claims(&claims_with("aud", json!(["a", "b"])), &policy(), NOW_S);
    let expected = r#"aud: expected one of "https://api.example/books", got "a b""#;
    assert_eq!(got.unwrap_err().to_string(), expected);
    let got = check_claims(&claims_with("exp", json!(7)), &policy(), 99).unwrap_err();
    assert_eq!(got.to_string(), "expired: exp is 7, now is 99, leeway is 30 s");
}
