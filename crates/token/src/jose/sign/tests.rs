use super::*;
use crate::{
    fixture,
    jose::{Jws, KeySet, Typ, VerifyingKey},
};

#[test]
fn a_token_is_verified_by_the_published_key_and_no_other() {
    for algorithm in Algorithm::ALL {
        let key = &fixture::key(algorithm).signing;
        let stranger = VerifyingKey::new(&other_key(algorithm).public_jwk()).unwrap();
        for typ in [TokenType::AtJwt, TokenType::Jwt] {
            let token = key.sign(typ, br#"{"a":1}"#).unwrap();
            assert_eq!(token.capacity(), token.len().next_multiple_of(1).max(token.capacity()));
            let jws = Jws::parse(&token).unwrap();
            assert_eq!(jws.payload(), br#"{"a":1}"#);
            assert_eq!(jws.header().algorithm, algorithm);
            assert_eq!(jws.header().typ, Typ::Known(typ));
            assert_eq!(jws.header().kid.as_deref(), Some(key.kid()));
            let published = VerifyingKey::new(&key.public_jwk()).unwrap();
            assert_eq!(jws.verify_signature(&published), Ok(()));
            assert!(jws.verify_signature(&stranger).is_err());
        }
    }
}

/// RSA keys take long to make, so the stranger of RS256 is that of RFC 7515 appendix A.2.
fn other_key(algorithm: Algorithm) -> SigningKey {
    if algorithm == Algorithm::Rs256 {
        return SigningKey::generate(Algorithm::Es256).unwrap().0;
    }
    SigningKey::generate(algorithm).unwrap().0
}

#[test]
fn a_stored_key_is_the_same_key() {
    for algorithm in Algorithm::ALL {
        let key = fixture::key(algorithm);
        let again = SigningKey::from_pkcs8(algorithm, &key.pkcs8).unwrap();
        assert_eq!(again.kid(), key.signing.kid());
        assert_eq!(again.public_jwk(), key.signing.public_jwk());
        let token = again.sign(TokenType::AtJwt, b"{}").unwrap();
        let set = KeySet::from_keys([key.signing.public_jwk()]).unwrap();
        let jws = Jws::parse(&token).unwrap();
        assert_eq!(jws.verify_signature(set.find(again.kid()).unwrap()), Ok(()));
    }
}

#[test]
fn what_is_not_a_key_of_the_algorithm_is_refused() {
    let es256 = &fixture::key(Algorithm::Es256).pkcs8;
    for algorithm in Algorithm::ALL {
        let pkcs8 = &fixture::key(algorithm).pkcs8;
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(SigningKey::from_pkcs8(other, pkcs8).is_err(), "{algorithm} as {other}");
        }
        for junk in [&[][..], b"{}", &es256[..es256.len() - 1], &[&es256[..], &[0]].concat()] {
            assert!(SigningKey::from_pkcs8(algorithm, junk).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn an_rsa_key_of_1024_bits_is_refused() {
    // Made by `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024`.
    let pkcs8 = base64::engine::general_purpose::STANDARD.decode(WEAK_RSA.replace('\n', ""));
    let refused = SigningKey::from_pkcs8(Algorithm::Rs256, &pkcs8.unwrap()).unwrap_err();
    assert!(matches!(refused, KeyError::Invalid(_)), "{refused}");
}

#[test]
fn a_key_in_a_log_shows_only_its_name() {
    let key = &fixture::key(Algorithm::Es256).signing;
    let expected = format!("SigningKey {{ kid: {:?}, alg: Es256, .. }}", key.kid());
    assert_eq!(format!("{key:?}"), expected);
}

#[test]
fn headers_hold_alg_typ_and_kid_alone() {
    for (typ, name) in [(TokenType::AtJwt, "at+jwt"), (TokenType::Jwt, "JWT")] {
        let key = &fixture::key(Algorithm::EdDsa).signing;
        let token = key.sign(typ, b"{}").unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let expected = format!(r#"{{"alg":"EdDSA","typ":"{name}","kid":"{}"}}"#, key.kid());
        assert_eq!(String::from_utf8(header).unwrap(), expected);
    }
}

const WEAK_RSA: &str = "
MIICXQIBAAKBgQC15+FzidhguqAfh14PvgV6xQMiENw6Y0Sg43x9rRrNPQEUNb5mDFDrnmBi0QnFXqdojIEw51xD/ypBB9n/
t7Hu5tIu4xC8ckt/0y5F+6agqJLrR4otqQoFrZL+yQhOOrrBUmAsJef9WL8RNbxG9UadfYdEhFc947dJW32eNQsoHwIDAQAB
AoGAW2/uzPQadyz4dkDGUGV1Pawwkfwlp5fklHclScss8MPcefs19Pf16SpYSvPG1JZq0kvmWN3DbE6kP8Ihm8ALyTCuXzeS
JP2rq9rt6qycs3cLWH9hHVdQyoTSS7cGDbXiCO71LdYVvLbn9GC6lOw9BXCzu7ND0R06u39OIiB7rgECQQDjlKAHOcFDJEm9
atWLpVJkFQCCYwNl+h9kEDhbflNPi+c6ZmTFHkOlheluvlLFhngaVbnPhKX54QnU1e0MXl8fAkEAzJ8bsWhFbAapiLi54Iqy
RkXcU3NkmnAs/Z7m5oEPpPlZm6eGP05axbiHEVhhQP6uiD6KIZzSq2nmNLJ7ir8XAQJAKd88mle8ATh6AMnZRHpEcHmUwGir
RWYBxI1fcSYK+gXJo2sXe1UYKSo8Ss3luMYG7wF60H2ddB49itVZaf8rDQJBAMQt044ui0h7xrTnboaCU1OejRORMaYD4I60
d2oN2OLxkeDzJ3mwdMTWGuEdW/jFdK35T9PUGALyAB0L9fhbJwECQQC9YfJi7VyPhQA144yC5h9NnYbxQ06NkStDOCxxJR8x
GoL3EvQ6f0xZH+CT+w4TlP2k/+OLduidrNHNjwXtE5Mp
";
