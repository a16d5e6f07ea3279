//! Opaque bearer texts: session cookies, links that are sent to people, recovery codes. Whoever
//! has one may do what it is for; only its digest is ever stored.

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base62;

/// An opaque text in the clear: handed out once, digested, dropped.
pub struct Opaque(Zeroizing<String>);

impl Opaque {
    /// A new one from 256 random bits.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(base62::encode(&entropy, 43)))
    }

    /// A recovery code from 80 random bits: four groups of four, made for typing. 80 bits cannot
    /// be guessed through a sign-in that is throttled, nor searched for in any digest.
    pub fn recovery_code(entropy: [u8; 10]) -> Self {
        // Without letters that look like digits.
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let mut bits = entropy.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let mut code = Zeroizing::new(String::with_capacity(19));
        for place in 0..16 {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(ALPHABET[(bits & 31) as usize]));
            bits >>= 5;
        }
        Self(code)
    }

    /// One that somebody presents, whatever it is. Blanks around it are forgiven.
    pub fn presented(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// A recovery code as somebody typed it: case, blanks and dashes do not matter.
    pub fn typed_code(text: &str) -> Self {
        let letters = text.chars().filter(|c| c.is_ascii_alphanumeric());
        let mut code = Zeroizing::new(String::with_capacity(text.len()));
        for (place, letter) in letters.enumerate() {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            code.push(letter.to_ascii_lowercase());
        }
        Self(code)
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored instead of it.
    pub fn digest(&self) -> OpaqueDigest {
        let hash = digest::digest(&digest::SHA256, self.0.as_bytes());
        OpaqueDigest(URL_SAFE_NO_PAD.encode(hash).into())
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(..)")
    }
}

/// SHA-256 of an opaque text, in base64url. Safe to store and to log: the text cannot be searched
/// for, so its digest serves as a name. Found by equality in an index, never compared by us.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct OpaqueDigest(Box<str>);

impl OpaqueDigest {
    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OpaqueDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for OpaqueDigest {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_was_typed() {
        let code = Opaque::recovery_code([0xA7; 10]);
        assert_eq!(code.expose().len(), 19);
        for typed in [
            code.expose().to_owned(),
            code.expose().to_uppercase(),
            code.expose().replace('-', ""),
            format!(" {} ", code.expose().replace('-', " ")),
        ] {
            assert_eq!(Opaque::typed_code(&typed).digest(), code.digest(), "{typed}");
        }
        assert_ne!(Opaque::typed_code("x").digest(), code.digest());
    }

    #[test]
    fn codes_and_texts_differ_with_their_entropy_and_print_nothing() {
        let texts = [Opaque::from_entropy([1; 32]), Opaque::from_entropy([2; 32])];
        assert_ne!(texts[0].digest(), texts[1].digest());
        let codes = [Opaque::recovery_code([1; 10]), Opaque::recovery_code([2; 10])];
        assert_ne!(codes[0].digest(), codes[1].digest());
        assert_eq!(format!("{:?}", texts[0]), "Opaque(..)");
    }
}
