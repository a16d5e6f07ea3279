//! One key per algorithm for the tests of this crate, made once, since RSA keys take their time.

use std::sync::LazyLock;

use crate::{
    claims::Minted,
    jose::{Algorithm, KeySet, SigningKey},
    verify::Policy,
};

pub(crate) const NOW_S: u64 = 1_764_000_000;
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example/books";

pub(crate) struct Key {
    pub(crate) signing: SigningKey,
    pub(crate) pkcs8: Vec<u8>,
}

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    Algorithm::ALL
        .map(|algorithm| {
            let (signing, pkcs8) = SigningKey::generate(algorithm).unwrap();
            Key { signing, pkcs8: pkcs8.to_vec() }
        })
        .into()
});

pub(crate) fn key(algorithm: Algorithm) -> &'static Key {
    KEYS.iter().find(|key| key.signing.algorithm() == algorithm).unwrap()
}

pub(crate) fn key_set() -> KeySet {
    KeySet::from_keys(KEYS.iter().map(|key| key.signing.public_jwk())).unwrap()
}

pub(crate) fn policy() -> Policy {
    Policy::new(ISSUER, [AUDIENCE]).unwrap()
}

pub(crate) fn minted() -> Minted<'static> {
    Minted {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: "reports",
        client_id: "reports",
        iat: NOW_S,
        exp: NOW_S + 86_400,
        jti: "01jd7",
        scope: "books:read books:write",
        generation: Some(3),
        organization: Some("acme"),
    }
}

pub(crate) fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    minted().write_json(&mut payload);
    payload
}
