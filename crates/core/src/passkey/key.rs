//! Public keys as COSE writes them (RFC 9052, RFC 9053): ES256, EdDSA over Ed25519, RS256.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use super::{NoPasskey, cbor::Value};

pub(super) const ES256: i64 = -7;
pub(super) const EDDSA: i64 = -8;
pub(super) const RS256: i64 = -257;

const KIND: i64 = 1;
const ALGORITHM: i64 = 3;

#[derive(Debug)]
pub(super) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    pub(super) fn read(cose: &[u8]) -> Result<Self, NoPasskey> {
        const BAD: NoPasskey = NoPasskey::Malformed("key");
        let map = Value::whole(cose)?;
        let number = |label| map.entry(&Value::Number(label)).and_then(Value::number);
        let bytes = |label| map.entry(&Value::Number(label)).and_then(Value::bytes).ok_or(BAD);
        let parsed = match (number(KIND), number(ALGORITHM), number(-1)) {
            // P-256, by both coordinates.
            (Some(2), Some(ES256), Some(1)) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(BAD);
                }
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, [&[4], x, y].concat())
            }
            (Some(1), Some(EDDSA), Some(6)) => ParsedPublicKey::new(&ED25519, bytes(-2)?),
            (Some(3), Some(RS256), None) => {
                let key = RsaPublicKeyComponents { n: bytes(-1)?, e: bytes(-2)? };
                key.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            _ => return Err(NoPasskey::UnknownAlgorithm),
        };
        parsed.map(Self).map_err(|_| BAD)
    }

    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), NoPasskey> {
        self.0.verify_sig(signed, signature).map_err(|_| NoPasskey::BadSignature)
    }
}
