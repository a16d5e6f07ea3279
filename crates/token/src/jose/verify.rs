//! Reads a compact JWS (RFC 7515 §5.2) as strictly as the format allows, and checks its
//! signature. Nothing in the header chooses a key, fetches one, or picks an algorithm.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::{Algorithm, TokenType, VerifyingKey};
use crate::{
    Rejection,
    json::{self, Strict, Text},
    rejection::clip,
};

/// The longest token that is looked at, in bytes: it also bounds the memory of every later step.
pub const MAX_TOKEN_LEN: usize = 8 * 1024;

/// The longest `kid` that is looked up, in bytes.
pub const MAX_KID_LEN: usize = 256;

/// A token in its parts. Nothing of it is to be believed before
/// [`verify_signature`](Self::verify_signature).
#[derive(Debug)]
pub struct Jws<'a> {
    header: Header,
    signing_input: &'a str,
    /// Payload and signature, decoded one after the other into one allocation.
    decoded: Vec<u8>,
    payload_len: usize,
}

/// What a header says (RFC 7515 §4.1), as far as it is of interest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Only ever compared with the key's own algorithm.
    pub algorithm: Algorithm,
    /// The kind of token.
    pub typ: Typ,
    /// The name of the key.
    pub kid: Option<String>,
}

/// The `typ` of a header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Typ {
    /// There is none.
    Absent,
    /// One of ours.
    Known(TokenType),
    /// Another kind of token; the text is cut.
    Other(String),
}

impl<'a> Jws<'a> {
    /// Splits, decodes and checks the shape and the header.
    ///
    /// # Errors
    /// [`Rejection::Malformed`], and [`Rejection::WrongAlgorithm`] for an algorithm that does not
    /// exist here, `none` among them.
    pub fn parse(token: &'a str) -> Result<Self, Rejection> {
        // Before anything else, so that no input makes us work or allocate more than this.
        if token.len() > MAX_TOKEN_LEN {
            return Err(Rejection::Malformed("longer than 8 KiB"));
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(NOT_THREE_PARTS)?;
        let (header, payload) = signing_input.split_once('.').ok_or(NOT_THREE_PARTS)?;
        if payload.contains('.') {
            return Err(NOT_THREE_PARTS);
        }
        if signature.is_empty() {
            return Err(Rejection::Malformed("not signed"));
        }
        let mut decoded = Vec::with_capacity(token.len() / 4 * 3);
        decode(header, &mut decoded)?;
        let header = Header::parse(&decoded)?;
        decoded.clear();
        decode(payload, &mut decoded)?;
        let payload_len = decoded.len();
        decode(signature, &mut decoded)?;
        Ok(Self { header, signing_input, decoded, payload_len })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The decoded payload: unbelievable until the signature is verified.
    pub fn payload(&self) -> &[u8] {
        &self.decoded[..self.payload_len]
    }

    /// Checks the signature with the algorithm of the key, which the header must agree with.
    ///
    /// # Errors
    /// [`Rejection::WrongAlgorithm`] or [`Rejection::BadSignature`].
    pub fn verify_signature(&self, key: &VerifyingKey) -> Result<(), Rejection> {
        if self.header.algorithm != key.algorithm() {
            return Err(Rejection::WrongAlgorithm {
                expected: key.algorithm().to_string(),
                got: self.header.algorithm.to_string(),
            });
        }
        let signature = &self.decoded[self.payload_len..];
        if key.verifies(self.signing_input.as_bytes(), signature) {
            Ok(())
        } else {
            Err(Rejection::BadSignature)
        }
    }
}

const NOT_THREE_PARTS: Rejection = Rejection::Malformed("not three parts with two dots");

/// Canonical base64url without padding, line breaks or stray bits (RFC 7515 §2): each token has
/// exactly one spelling.
fn decode(part: &str, onto: &mut Vec<u8>) -> Result<(), Rejection> {
    URL_SAFE_NO_PAD
        .decode_vec(part, onto)
        .map_err(|_| Rejection::Malformed("a part is not canonical base64url"))
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, Rejection> {
        let read: Read<'_> = serde_json::from_slice(json)
            .map_err(|_| Rejection::Malformed("the header is not a JSON object of its kind"))?;
        if let Some(why) = read.refused {
            return Err(Rejection::Malformed(why));
        }
        let Some(Text(alg)) = read.alg else {
            return Err(Rejection::Malformed("the header has no alg"));
        };
        let algorithm = Algorithm::from_alg(&alg).ok_or_else(|| Rejection::WrongAlgorithm {
            expected: "ES256, RS256 or EdDSA".to_owned(),
            got: clip(&alg),
        })?;
        let typ = read.typ.map_or(Typ::Absent, |Text(typ)| match TokenType::from_typ(&typ) {
            Some(known) => Typ::Known(known),
            None => Typ::Other(clip(&typ)),
        });
        let kid = read.kid.map(|Text(kid)| kid.into_owned());
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Rejection::Malformed("kid is longer than 256 bytes"));
        }
        Ok(Self { algorithm, typ, kid })
    }
}

/// The header's members. All others (`jwk`, `jku`, `x5u`, `x5c`, …) are read for duplicates and
/// forgotten: RFC 8725 §3.10.
#[derive(Default)]
struct Read<'a> {
    alg: Option<Text<'a>>,
    typ: Option<Text<'a>>,
    kid: Option<Text<'a>>,
    refused: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Read<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ReadHeader)
    }
}

struct ReadHeader;

impl<'de> Visitor<'de> for ReadHeader {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Read<'de>, A::Error> {
        let mut read = Read::default();
        let mut others = Vec::new();
        while let Some(Text(name)) = from.next_key()? {
            match &*name {
                "alg" => json::once(&mut read.alg, &mut from)?,
                "typ" => json::once(&mut read.typ, &mut from)?,
                "kid" => json::once(&mut read.kid, &mut from)?,
                other => {
                    // We understand no extension, so any `crit` names one that we do not (RFC
                    // 7515 §4.1.11); `b64` changes what is signed (RFC 7797), `zip` is a bomb.
                    read.refused = read.refused.or(match other {
                        "crit" => Some("the header has crit"),
                        "b64" => Some("the header has b64"),
                        "zip" => Some("the header has zip"),
                        _ => None,
                    });
                    from.next_value::<Strict>()?;
                    others.push(name);
                }
            }
        }
        others.sort_unstable();
        if others.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(json::duplicate());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
