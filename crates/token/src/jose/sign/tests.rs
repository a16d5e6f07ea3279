//! Private keys: made, stored, refused, and never shown. The keys written down here guard nothing.

use base64::engine::general_purpose::STANDARD;

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

fn other_key(algorithm: Algorithm) -> SigningKey {
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
        for junk in [&[][..], b"{}", &es256[..es256.len() - 1]] {
            assert!(SigningKey::from_pkcs8(algorithm, junk).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn an_rsa_key_of_less_than_2048_bits_is_refused() {
    for pkcs8 in [RSA_1024, RSA_2028] {
        let pkcs8 = STANDARD.decode(pkcs8.replace('\n', "")).unwrap();
        let refused = SigningKey::from_pkcs8(Algorithm::Rs256, &pkcs8).unwrap_err();
        assert!(matches!(refused, KeyError::Invalid(_)), "{refused}");
    }
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

/// PKCS#8 of a key made for this test by `openssl genpkey`, as is the next.
const RSA_1024: &str = "\
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAKpuT6xiLA0deUmMthai9oe3FL7GLAPIuuwTvqNcZFvr0MZh
k6bFatZQAox7uLtQL1I2BCtJKBj0q17fsaB0hU8Etlxt3KI2nvxC9xisjdibHt6wFQiNctOMz7syBFEfO8KIw0HxF4swIMzz
HVhcIPaSekGrWbDeDv86IWqIaNDlAgMBAAECgYBvOYKBi6gX/w4yc8Q5zax6MX82aXo8Ffn3K4OUdS2B18nuTavggKISrzCa
ofuTMudPDbV20k16y+IzDmWLw79jG1vy49K5G/4nQ6NBagC4S/IXBc/fpPKYcwDbA12oeHkqgI7RaWTTiZaf74bm1QXWQqFh
fBao0nnsTaiS5AT0WQJBANn41RZaERv32iK2GQkkGkFebEb6OsH1fhvO7+iZq9AsX3liIlrx9Kyq/EN88FPBtlEchb8uX+iF
kNnI3OFKj/8CQQDIKi0R4IJ7tMvyrVqWJfxhX/2fO3O7aTzwbTo1dPc5xA89oKE4IxenffJDiQx9qPX14Q4qohAtXXsdsrQl
5F8bAkEAu09n3iNb3Irq+zU84mwR2+bGaWATKiZKTp9P7rRPvz7CdM7t8vVFazQsP9qXs4IdqCo4jQfPB0PwLBa+KSQoBQJB
AI8ITGJ86uDZJe/I3nVyuXEftc1GH4IpRmmLs8+lQFCgAEAKe4nw0aNXRXnrAej9hpzn8EaYvjScmzBylXaKRUcCQE8SOtcf
cp9zeNmNc2qCbzzbMMXydeLuTERJgwjdfYGLnniAsGhfnTl7wd3Eejw1ljLp497ATVUfTBwgvbz7aYQ=
";

/// The length that a typing error once gave to another server's keys.
const RSA_2028: &str = "\
MIIEqQIBADANBgkqhkiG9w0BAQEFAASCBJMwggSPAgEAAoH+Cvf8di5BbJDBlBtRJ+YbHoW5eCTKO+DsQb1STkADINqOvBJP
mh55gkJeH5DUEc9o5UcYwOTCubLfTQ/XnmrzCm8OysnCvC4R94feoUDqsQ17qMklCRnVEoz4oS8XaMedhbpArkUPU6Q09e1g
nSUmVEBsgeCVM/o7Z+DuciLUpJ8TJR081dSjdap5Yx90q4bNLvm/z4Or71kWTS97oLQgPgqoq8ER59pTCBzPScRjiUPSdXgK
0FbNW110ZqH2hmkKNzi00Fw0j4vQKIGfy6HXPr8Yjd73eKZskSclLR4OYtgpudhWEpP+1rfuiuqWMx6b7hqHXF33EFGDrHs/
CtUCAwEAAQKB/gEqSuV7EHQqBIZpSHvGlAbwCb3bmqg1wqNRK1cosaxhy1vrTg1/Q0U1K66KwhyKPghtPxHuu0ji2ZnkHvGz
RtJK7fVY7Zj0A/CZvGrA7K2WUxahF5AZ8GqiEx98Uy5MVk2IdaqNp40pGn8tkl/fPG0i0uQRKYh2Aq2MVYhGbvRqq6RRleXt
/fW/sJ6m/RTOXbAXrYWnYv2hqZRzkh3U2C93zIrU4cUuGCvZulDGNe4L6Dlchv8P/voS+2EKblhrZQwaNbM0og350L+5BLN9
ouIoDjMAXF3BbrO3sXaWZuWrnI9tae5ra9Lnhzj+n+v332I8USppCTYglEAVcDSZAn86BI2AeQst9JnnclFmGR1aEze+Br8V
7E1l+RP0lSvT9WCcxgxTmF0jd1N8tOk/Cw7S2Ylq6pGt4pRqRYRZgtGhdVLFMJbIainBC6QFT5YXAMaGOYaLYVOcT4eEHsRg
FAo0Af1h4XJPnJDexp8WGm46PL6SMglUele/j8D+H0gfAn8wZhIpcV5mtJqwoOgdFys1F5FmnLOVzigRAFE8bHjil/1rrbkK
nLFUMEfvFMT1w/zDjNeUNakcvpNmAKAHUPaJKfsOVHGte+fkjeSKRU5jHH1DFJoYjjKm9j0aC9dH42YB1uAO27z467YGFeJZ
REvsQ8AglmHimOsZ6xIJSN6LAn8JAJXYPm/upIqQ8BsTRYhZZqv6j19tDmqADSL8i3zueZ+RE+XrvrONAkHxEr0ybAvTya9Z
6KXMHmE7EChWH0dZzzOVp1FuLZLnAmBj9pJqZVNollp7HBH2Khzz8jY0VkezBDAF1Q6AreGIv7cFnfpGjRBg7OSnuAgPkEW4
6K+vAn8vFuCM2fTTUN1BBQ1RYH11hpy9jbFdC9wHzps7gv6K2P6Eid4D6TjPhLo4b6jCxhFj4eDOHvePNA0NrYYGGEwGYIYY
Bykjde7FfRjjP1NpMwrc/WqAgbneoK4KbYLkOufA2mPdkQZn2k6b1ScJW13TXofMLQTIB6iW6xP9XJzJAn8HvAxzMxnTzFK+
oICajBCxF93YgAUZhVCrIOgmr/aAyUxFBjJ5AMtijxKTXbBj+2gyQ243NY6ugxqU+EyMQDLjqPc+/pEmx6WrqInILQGcqWJa
d0FG620q7XdNI/3Uq1J6cpHG8yOkr3WZuMf9EDkTgTNxzpH3hXJfUcY0Gv6B
";
