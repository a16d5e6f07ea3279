//! A made-up authenticator, and every way in which its answers can be wrong. That real browsers
//! agree is shown by the browser tests.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use proptest::prelude::*;

use super::*;

const SITE: Site<'static> = Site { id: "auth.example.com", origin: "https://auth.example.com" };
const CHALLENGE: [u8; CHALLENGE_BYTES] = [7; CHALLENGE_BYTES];
const PRESENT_AND_VERIFIED: u8 = 0b101;
const WITH_KEY: u8 = 0b100_0000;

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

impl Key {
    fn all() -> [Self; 3] {
        let rsa = aws_lc_rs::rsa::KeySize::Rsa2048;
        [
            Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Self::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Self::Rs256(RsaKeyPair::generate(rsa).unwrap()),
        ]
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let point = key.public_key().as_ref();
                let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
                [&head[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
            }
            Self::EdDsa(key) => {
                let head = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
                [&head[..], key.public_key().as_ref()].concat()
            }
            Self::Rs256(key) => {
                let public = key.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                let n = n.big_endian_without_leading_zero();
                let e = e.big_endian_without_leading_zero();
                let head = [0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, 0x01, 0x00];
                [&head[..], n, &[0x21, 0x40 + u8::try_from(e.len()).unwrap()], e].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// What an authenticator says, as parts that a test can spoil.
#[derive(Clone)]
struct Says {
    kind: &'static str,
    challenge: Vec<u8>,
    origin: &'static str,
    cross_origin: bool,
    site: &'static str,
    flags: u8,
    counter: u32,
    tail: Vec<u8>,
}

impl Says {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            challenge: CHALLENGE.to_vec(),
            origin: SITE.origin,
            cross_origin: false,
            site: SITE.id,
            flags: PRESENT_AND_VERIFIED,
            counter: 5,
            tail: Vec::new(),
        }
    }

    fn client_data(&self) -> String {
        serde_json::json!({
            "type": self.kind,
            "challenge": URL_SAFE_NO_PAD.encode(&self.challenge),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        })
        .to_string()
    }

    fn data(&self) -> Vec<u8> {
        let hash = digest(&SHA256, self.site.as_bytes());
        let counter = self.counter.to_be_bytes();
        [hash.as_ref(), &[self.flags], &counter, &self.tail].concat()
    }
}

/// The head of a CBOR byte string, in its shortest form.
fn bytes_head(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) => vec![0x58, short],
        Err(_) => [&[0x59][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    }
}

fn registration(key: &Key, says: &Says) -> Registration {
    let mut says = says.clone();
    says.flags |= WITH_KEY;
    let made = [&[0; 16][..], &[0, 4], b"id-1", &key.cose()].concat();
    says.tail = [made, says.tail].concat();
    let data = says.data();
    let attestation = [
        &[0xa3, 0x63][..],
        b"fmt",
        &[0x64],
        b"none",
        &[0x67],
        b"attStmt",
        &[0xa0, 0x68],
        b"authData",
        &bytes_head(data.len()),
        &data,
    ]
    .concat();
    Registration {
        client_data: URL_SAFE_NO_PAD.encode(says.client_data()),
        attestation: URL_SAFE_NO_PAD.encode(attestation),
    }
}

fn assertion(key: &Key, says: &Says) -> Assertion {
    let (client_data, data) = (says.client_data(), says.data());
    let signed = [&data[..], digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
    Assertion {
        id: URL_SAFE_NO_PAD.encode("id-1"),
        client_data: URL_SAFE_NO_PAD.encode(client_data),
        authenticator_data: URL_SAFE_NO_PAD.encode(data),
        signature: URL_SAFE_NO_PAD.encode(key.sign(&signed)),
        user_handle: Some(URL_SAFE_NO_PAD.encode("per_1")),
    }
}

#[test]
fn a_passkey_of_each_algorithm_is_made_and_signs_in() {
    for key in Key::all() {
        let made = registration(&key, &Says::new("webauthn.create"));
        let made = made.check(&CHALLENGE, SITE).unwrap();
        assert_eq!(made.id, URL_SAFE_NO_PAD.encode("id-1"));
        let says = Says { counter: 6, ..Says::new("webauthn.get") };
        let used = assertion(&key, &says);
        let state = used.check(&made.state, &CHALLENGE, SITE).unwrap();
        assert_eq!(state.counter, 6);
        assert_eq!(used.user().as_deref(), Some("per_1"));
        // As it is stored.
        let stored = serde_json::to_value(&state).unwrap();
        assert_eq!(serde_json::from_value::<PasskeyState>(stored).unwrap(), state);
    }
}

type Spoil = fn(&mut Says);

const SPOILED: &[(&str, Spoil, NoPasskey)] = &[
    ("kind", |says| says.kind = "webauthn.other", NoPasskey::Other("purpose")),
    ("challenge", |says| says.challenge = vec![8; 32], NoPasskey::Other("challenge")),
    ("short challenge", |says| says.challenge.truncate(31), NoPasskey::Other("challenge")),
    ("origin", |says| says.origin = "https://evil.example", NoPasskey::Other("origin")),
    ("scheme", |says| says.origin = "http://auth.example.com", NoPasskey::Other("origin")),
    ("framed", |says| says.cross_origin = true, NoPasskey::Other("origin")),
    ("site", |says| says.site = "evil.example", NoPasskey::Other("site")),
    ("nobody there", |says| says.flags &= !1, NoPasskey::NotVerified),
    ("not verified", |says| says.flags &= !4, NoPasskey::NotVerified),
    ("backed up, but never", |says| says.flags |= 16, NoPasskey::Malformed("flags")),
    ("more", |says| says.tail = vec![0], NoPasskey::Malformed("authenticator data")),
];

#[test]
fn a_spoiled_answer_makes_no_passkey_and_lets_nobody_in() {
    let [key, ..] = Key::all();
    let state = registration(&key, &Says::new("webauthn.create")).check(&CHALLENGE, SITE);
    let state = state.unwrap().state;
    for (what, spoil, why) in SPOILED {
        let mut says = Says::new("webauthn.create");
        spoil(&mut says);
        let refused = registration(&key, &says).check(&CHALLENGE, SITE).unwrap_err();
        assert_eq!(refused, *why, "making: {what}");
        let mut says = Says { counter: 6, ..Says::new("webauthn.get") };
        spoil(&mut says);
        let refused = assertion(&key, &says).check(&state, &CHALLENGE, SITE).unwrap_err();
        assert_eq!(refused, *why, "using: {what}");
    }
    // One kind of answer does not pass for the other.
    let crossed = assertion(&key, &Says { counter: 6, ..Says::new("webauthn.create") });
    assert_eq!(crossed.check(&state, &CHALLENGE, SITE), Err(NoPasskey::Other("purpose")));
}

#[test]
fn only_the_key_itself_signs_and_over_all_of_it() {
    let [key, ed, rsa] = Key::all();
    let [other, ..] = Key::all();
    let state = registration(&key, &Says::new("webauthn.create")).check(&CHALLENGE, SITE);
    let state = state.unwrap().state;
    let says = Says { counter: 6, ..Says::new("webauthn.get") };
    for forger in [&other, &ed, &rsa] {
        let forged = assertion(forger, &says).check(&state, &CHALLENGE, SITE);
        assert_eq!(forged, Err(NoPasskey::BadSignature));
    }
    let good = assertion(&key, &says);
    let counted = Says { counter: 7, ..says.clone() };
    let data = URL_SAFE_NO_PAD.encode(counted.data());
    let changed = Assertion { authenticator_data: data, ..good.clone() };
    assert_eq!(changed.check(&state, &CHALLENGE, SITE), Err(NoPasskey::BadSignature));
    let spaced = URL_SAFE_NO_PAD.encode(format!("{} ", says.client_data()));
    let changed = Assertion { client_data: spaced, ..good };
    assert_eq!(changed.check(&state, &CHALLENGE, SITE), Err(NoPasskey::BadSignature));
}

#[test]
fn a_counter_only_rises() {
    let [key, ..] = Key::all();
    for (known, next, ok) in
        [(5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false), (0, 0, true), (0, 1, true)]
    {
        let says = Says { counter: known, ..Says::new("webauthn.create") };
        let state = registration(&key, &says).check(&CHALLENGE, SITE).unwrap().state;
        let says = Says { counter: next, ..Says::new("webauthn.get") };
        let checked = assertion(&key, &says).check(&state, &CHALLENGE, SITE);
        assert_eq!(checked.is_ok(), ok, "{known} → {next}");
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let [Key::Es256(key), ..] = Key::all() else { panic!("the first is ES256") };
    let cose = Key::Es256(key).cose();
    for (what, at, byte) in [
        ("the kind of another", 2, 0x01),
        ("another algorithm", 4, 0x27),
        ("another curve", 6, 0x02),
    ] {
        let mut spoiled = cose.clone();
        spoiled[at] = byte;
        assert_eq!(PublicKey::read(&spoiled).unwrap_err(), NoPasskey::UnknownAlgorithm, "{what}");
    }
    let mut off = cose.clone();
    off[20] ^= 1;
    assert_eq!(PublicKey::read(&off).unwrap_err(), NoPasskey::Malformed("key"), "off the curve");
    assert!(PublicKey::read(&cose[..cose.len() - 1]).is_err());
}

proptest! {
    #[test]
    fn no_input_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = URL_SAFE_NO_PAD.encode(&bytes);
        let registration = Registration { client_data: text.clone(), attestation: text };
        let _ = registration.check(&CHALLENGE, SITE);
        let _ = Data::read(&bytes);
        let _ = PublicKey::read(&bytes);
    }
}
