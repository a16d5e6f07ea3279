//! Tokens of ours in the hands of the `jsonwebtoken` crate, and its tokens in ours: an independent
//! reader of the same RFCs.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass_token::{
    claims::{Claims, Minted},
    jose::{Algorithm, KeySet, SigningKey, TokenType},
    verify::{Policy, verify},
};
use serde_json::{Map, Value};

const NOW_S: u64 = 4_000_000_000;

fn minted() -> Minted<'static> {
    Minted {
        iss: "https://issuer.example",
        aud: "https://api.example",
        sub: "reports",
        client_id: "reports",
        iat: NOW_S,
        exp: NOW_S + 86_400,
        jti: "01jd7",
        scope: "books:read",
        generation: Some(1),
        organization: Some("acme"),
    }
}

fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    minted().write_json(&mut payload);
    payload
}

fn name_of(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}

#[test]
fn the_peer_verifies_our_tokens() {
    for algorithm in Algorithm::ALL {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        for typ in [TokenType::AtJwt, TokenType::Jwt] {
            let token = key.sign(typ, &payload()).unwrap();
            let jwk = serde_json::to_value(key.public_jwk()).unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
            let theirs = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let mut validation = jsonwebtoken::Validation::new(name_of(algorithm));
            validation.set_audience(&["https://api.example"]);
            validation.set_issuer(&["https://issuer.example"]);
            let read = jsonwebtoken::decode::<Map<String, Value>>(&token, &theirs, &validation);
            let read = read.unwrap();
            assert_eq!(read.header.kid.as_deref(), Some(key.kid()), "{algorithm}");
            assert_eq!(read.header.typ.as_deref(), Some(typ.as_str()), "{algorithm}");
            assert_eq!(Value::Object(read.claims).to_string().len(), payload().len());
        }
    }
}

#[test]
fn we_verify_tokens_of_the_peer() {
    for algorithm in Algorithm::ALL {
        let (key, pkcs8) = SigningKey::generate(algorithm).unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(&*pkcs8)
        );
        let theirs = match algorithm {
            Algorithm::Es256 => jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::Rs256 => jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::EdDsa => jsonwebtoken::EncodingKey::from_ed_pem(pem.as_bytes()),
        };
        let mut header = jsonwebtoken::Header::new(name_of(algorithm));
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.kid().to_owned());
        let claims: Value = serde_json::from_slice(&payload()).unwrap();
        let token = jsonwebtoken::encode(&header, &claims, &theirs.unwrap()).unwrap();

        let keys = KeySet::from_keys([key.public_jwk()]).unwrap();
        let policy = Policy::new("https://issuer.example", ["https://api.example"]).unwrap();
        let verified = verify(&token, &keys, &policy, NOW_S).unwrap();
        assert_eq!(verified.claims, Claims::parse(&payload()).unwrap(), "{algorithm}");
    }
}

#[test]
fn the_peer_computes_the_same_thumbprints() {
    for algorithm in Algorithm::ALL {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        let jwk = serde_json::to_value(key.public_jwk()).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
        let theirs = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256);
        assert_eq!(theirs.unwrap(), key.kid(), "{algorithm}");
    }
}
