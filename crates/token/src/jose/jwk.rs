//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2). A [`Jwk`] never holds anything
//! private: a JSON key with private members is refused, not stripped, since its secret is out.

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{Algorithm, KeyError};
use crate::json::StrictObject;

/// A public key for signatures, checked: its point is on the curve, its modulus long enough.
///
/// Reading one refuses (with [`KeyError`]) private or symmetric members (`d`, `p`, `k`, …),
/// another `use` than `sig`, `key_ops` without `verify`, and base64url that is not canonical.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk {
    kid: Option<String>,
    material: Material,
}

/// A JWK Set (RFC 7517 §5) to publish. To read somebody's set, use [`KeySet`](super::KeySet),
/// which steps over the keys that are not for us.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Jwks {
    /// The keys, in the order in which they are published.
    pub keys: Vec<Jwk>,
}

/// Big-endian numbers as the JWK has them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Material {
    /// The coordinates of a point of P-256.
    Ec { x: [u8; 32], y: [u8; 32] },
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An Ed25519 public key.
    Okp { x: [u8; 32] },
}

impl Jwk {
    /// Whether reading it again would be refused is decided here: the key is parsed once.
    pub(super) fn new(kid: Option<String>, material: Material) -> Result<Self, KeyError> {
        material.parse()?;
        Ok(Self { kid, material })
    }

    /// The key's name in its set (RFC 7517 §4.5).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Ec { .. } => Algorithm::Es256,
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::Okp { .. } => Algorithm::EdDsa,
        }
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638 §3, RFC 8037 §2): a `kid` that needs no
    /// registry.
    pub fn thumbprint(&self) -> String {
        // Members in the order of their names, no blanks (RFC 7638 §3.3); base64url needs no
        // escapes, so the text can be put together by hand.
        let canonical = match &self.material {
            Material::Ec { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n))
            }
            Material::Okp { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
        };
        b64(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
    }

    /// The same key under another name.
    #[must_use]
    pub(super) fn named(self, kid: String) -> Self {
        Self { kid: Some(kid), ..self }
    }

    /// The key as the cryptographic library wants it.
    pub(super) fn parse(&self) -> Result<ParsedPublicKey, KeyError> {
        self.material.parse()
    }

    /// Reads the members of a JWK; unknown ones are ignored (RFC 7517 §4).
    pub(super) fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        // RFC 7518 §6.2.2, §6.3.2, §6.4.1 and RFC 8037 §2.
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|m| members.contains_key(*m)) {
            return Err(KeyError::PrivateMaterial);
        }
        let material = match (text(members, "kty")?, text(members, "crv")?) {
            (Some("EC"), Some("P-256")) => {
                Material::Ec { x: coordinate(members, "x")?, y: coordinate(members, "y")? }
            }
            (Some("RSA"), _) => {
                Material::Rsa { n: number(members, "n")?, e: number(members, "e")? }
            }
            (Some("OKP"), Some("Ed25519")) => Material::Okp { x: coordinate(members, "x")? },
            (None, _) => return Err(KeyError::Invalid("kty is missing")),
            _ => return Err(KeyError::Unsupported("kty or crv")),
        };
        let jwk = Self::new(text(members, "kid")?.map(str::to_owned), material)?;
        if let Some(alg) = text(members, "alg")?
            && Algorithm::from_alg(alg) != Some(jwk.algorithm())
        {
            return Err(KeyError::Unsupported("alg"));
        }
        if text(members, "use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(KeyError::Unsupported("use"));
        }
        match members.get("key_ops") {
            None => {}
            Some(Value::Array(ops)) if ops.iter().any(|op| op == "verify") => {}
            Some(Value::Array(_)) => return Err(KeyError::Unsupported("key_ops")),
            Some(_) => return Err(KeyError::Invalid("key_ops is not an array")),
        }
        Ok(jwk)
    }
}

impl Material {
    /// The library checks that a point is on P-256 (RFC 8725 §3.4); an Ed25519 key that is no
    /// point verifies nothing. The bounds of RSA are ours, since the library looks only later.
    fn parse(&self) -> Result<ParsedPublicKey, KeyError> {
        let parsed = match self {
            Self::Ec { x, y } => {
                let point = [&[0x04], x.as_slice(), y].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Self::Rsa { n, e } => {
                check_rsa(n, e)?;
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            Self::Okp { x } => ParsedPublicKey::new(&ED25519, x),
        };
        parsed.map_err(|_| KeyError::Invalid("not a public key of its kind"))
    }
}

/// RFC 7518 §3.3: at least 2048 bits. The exponent is odd, over 1 and at most 32 bits.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let (Some(top), Some(last)) = (n.first(), n.last()) else {
        return Err(KeyError::Invalid("n is empty"));
    };
    let bits = n.len() * 8 - top.leading_zeros() as usize;
    if *top == 0 || e.first().is_none_or(|first| *first == 0) {
        return Err(KeyError::Invalid("n or e has leading zeros"));
    }
    if !(2048..=8192).contains(&bits) || last % 2 == 0 {
        return Err(KeyError::Invalid("n is even, or not of 2048 to 8192 bits"));
    }
    if e.len() > 4 || e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Invalid("e is not an odd number from 3 to 2^32"));
    }
    Ok(())
}

fn text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, KeyError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyError::Invalid("a member that must be a string is none")),
    }
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let text = text(members, name)?.ok_or(KeyError::Invalid("a number is missing"))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Invalid("a number is not base64url"))
}

fn coordinate(members: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], KeyError> {
    let bytes = number(members, name)?;
    bytes.try_into().map_err(|_| KeyError::Invalid("a coordinate is not of 32 bytes"))
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match &self.material {
            Material::Ec { x, y } => {
                map.serialize_entry("kty", "EC")?;
                map.serialize_entry("crv", "P-256")?;
                map.serialize_entry("x", &b64(x))?;
                map.serialize_entry("y", &b64(y))?;
            }
            Material::Rsa { n, e } => {
                map.serialize_entry("kty", "RSA")?;
                map.serialize_entry("n", &b64(n))?;
                map.serialize_entry("e", &b64(e))?;
            }
            Material::Okp { x } => {
                map.serialize_entry("kty", "OKP")?;
                map.serialize_entry("crv", "Ed25519")?;
                map.serialize_entry("x", &b64(x))?;
            }
        }
        map.serialize_entry("alg", &self.algorithm())?;
        map.serialize_entry("use", "sig")?;
        if let Some(kid) = &self.kid {
            map.serialize_entry("kid", kid)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let StrictObject(members) = StrictObject::deserialize(from)?;
        Self::from_members(&members).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
