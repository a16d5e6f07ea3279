//! An authenticator with one passkey, as far as a site sees it: ES256, verified owner, a counter.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::node::ISSUER;

const SITE: &str = "auth.example.com";

/// Present, verified.
const FLAGS: u8 = 0b101;

pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    pub(crate) id: String,
    user: String,
    pub(crate) counter: u32,
}

impl Authenticator {
    /// Makes a passkey as the options of the page ask; and the answer to them.
    pub(crate) fn create(name: &str, options: &Value) -> (Self, String) {
        assert_eq!(options["rp"]["id"], SITE);
        assert_eq!(options["attestation"], "none");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let user = options["user"]["id"].as_str().unwrap().to_owned();
        let own = Self { key, id: URL_SAFE_NO_PAD.encode(name), user, counter: 1 };
        let point = own.key.public_key().as_ref();
        let length = u8::try_from(name.len()).unwrap();
        let made = [
            &[0; 16][..],
            &[0, length],
            name.as_bytes(),
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let data = own.data(FLAGS | 0b100_0000, &made);
        let attestation = [
            &[0xa3, 0x63][..],
            b"fmt",
            &[0x64],
            b"none",
            &[0x67],
            b"attStmt",
            &[0xa0, 0x68],
            b"authData",
            &[0x58, u8::try_from(data.len()).unwrap()],
            &data,
        ]
        .concat();
        let answer = json!({
            "client_data": URL_SAFE_NO_PAD.encode(client_data("webauthn.create", options)),
            "attestation": URL_SAFE_NO_PAD.encode(attestation),
        });
        (own, answer.to_string())
    }

    /// Answers the options of a page.
    pub(crate) fn answer(&mut self, options: &Value) -> String {
        assert_eq!(options["rpId"], SITE);
        assert_eq!(options["userVerification"], "required");
        self.counter += 1;
        let (client_data, data) = (client_data("webauthn.get", options), self.data(FLAGS, &[]));
        let signed = [&data[..], digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let answer = json!({
            "id": self.id,
            "client_data": URL_SAFE_NO_PAD.encode(client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            "user_handle": self.user,
        });
        answer.to_string()
    }

    fn data(&self, flags: u8, tail: &[u8]) -> Vec<u8> {
        let site = digest(&SHA256, SITE.as_bytes());
        [site.as_ref(), &[flags], &self.counter.to_be_bytes(), tail].concat()
    }
}

fn client_data(kind: &str, options: &Value) -> String {
    json!({ "type": kind, "challenge": options["challenge"], "origin": ISSUER }).to_string()
}
