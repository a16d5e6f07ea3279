//! Client secrets: how they are made, recognised and compared. Only digests are ever stored; the
//! clear text exists from the moment it is made until it has been shown, and in a login.

mod foreign;

use std::{fmt, sync::Arc};

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

pub use self::foreign::{BadDigest, ForeignDigest};
use crate::base62;

const PREFIX: &str = "hps_";
const RANDOM_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;
const LEN: usize = PREFIX.len() + RANDOM_LEN + CHECKSUM_LEN;

/// A client secret in the clear: shown once, digested, dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// `hps_`, 256 random bits in base62, and a CRC-32 of all that in base62, by which leak
    /// scanners recognise it without false alarms.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let mut text = format!("{PREFIX}{}", base62::encode(&entropy, RANDOM_LEN));
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(Zeroizing::new(text))
    }

    /// Wraps a secret that somebody presents, whatever it looks like.
    pub fn presented(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The one reader of the clear text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, kept so that people can match a secret against their vault.
    pub fn last_four(&self) -> String {
        let start = self.0.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        self.0[start..].to_owned()
    }

    /// What the form of a presented secret alone tells; nothing is looked up.
    pub fn shape(&self) -> Shape {
        shape(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What the form of a presented secret alone tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// Ours, and undamaged.
    Whole,
    /// Ours with blanks or a line break around it, as files and shells leave them.
    Padded,
    /// Begins like ours, but characters are missing, added or changed.
    Damaged,
    /// A client id in the place of the secret.
    ClientId,
    /// A token in the place of the secret.
    Token,
    /// Not of our form.
    Foreign,
}

/// Judges the form of a text that was presented as a client secret.
pub fn shape(text: &str) -> Shape {
    if text.starts_with("hpc_") {
        return Shape::ClientId;
    }
    if is_whole(text) {
        Shape::Whole
    } else if is_whole(text.trim()) {
        Shape::Padded
    } else if text.trim_start().starts_with(PREFIX) {
        Shape::Damaged
    } else if is_token(text) {
        Shape::Token
    } else {
        Shape::Foreign
    }
}

/// A JWT's three parts, of which the first is a JSON object in base64url (RFC 7515 §3.1).
fn is_token(text: &str) -> bool {
    text.trim_start().starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// What in a text looks like secrets of ours, whole or damaged: each once, `at_most` of them. A
/// secret is found whatever stands before and behind it.
pub fn found_in(text: &str, at_most: usize) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (start, _) in text.match_indices(PREFIX) {
        let rest = &text[start..];
        let word_len = PREFIX.len() + rest[PREFIX.len()..].bytes().take_while(is_letter).count();
        let whole = rest.get(..LEN).filter(|whole| is_whole(whole));
        // Less than that is a word of prose, or not worth showing.
        let damaged = (word_len >= LEN / 2).then(|| &rest[..word_len.min(2 * LEN)]);
        if let Some(one) = whole.or(damaged)
            && !found.contains(&one)
            && found.len() < at_most
        {
            found.push(one);
        }
    }
    found
}

fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_whole(text: &str) -> bool {
    text.len() == LEN
        && text.starts_with(PREFIX)
        && base62::is_base62(&text[PREFIX.len()..])
        && text[PREFIX.len() + RANDOM_LEN..] == checksum(&text[..PREFIX.len() + RANDOM_LEN])
}

fn checksum(text: &str) -> String {
    base62::encode(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM_LEN)
}

/// HMAC-SHA-256 of a secret under the pepper. Safe to store: the secret has 256 bits of entropy,
/// so a slow password hash would only slow the token endpoint.
#[derive(Clone, Copy, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        URL_SAFE_NO_PAD.encode(digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "a digest is base64url")?;
        bytes.try_into().map(Self).map_err(|_| "a digest has 32 bytes")
    }
}

/// What is stored instead of a secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StoredDigest {
    /// Ours.
    Own(Digest),
    /// One that was imported, until the secret is used for the first time.
    Foreign(Arc<ForeignDigest>),
}

impl StoredDigest {
    /// Our digest, if it is one: all others are slow to compare.
    pub fn own(&self) -> Option<&Digest> {
        match self {
            Self::Own(digest) => Some(digest),
            Self::Foreign(_) => None,
        }
    }
}

impl From<StoredDigest> for String {
    fn from(digest: StoredDigest) -> Self {
        match digest {
            StoredDigest::Own(digest) => digest.into(),
            StoredDigest::Foreign(digest) => digest.as_str().to_owned(),
        }
    }
}

impl TryFrom<String> for StoredDigest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Base64url knows no `$`.
        if text.starts_with('$') {
            let foreign = text.parse::<ForeignDigest>().map_err(|why| why.to_string())?;
            return Ok(Self::Foreign(Arc::new(foreign)));
        }
        Digest::try_from(text).map(Self::Own).map_err(str::to_owned)
    }
}

/// What is kept of an imported secret once somebody has proven it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proven {
    /// Our digest of it.
    pub digest: Digest,
    /// Its last four characters.
    pub last_four: String,
}

impl Proven {
    /// Of the secret that was presented.
    pub fn of(secret: &Secret, pepper: &Pepper) -> Self {
        Self { digest: pepper.digest(secret), last_four: secret.last_four() }
    }
}

/// The key under which secrets are digested: a random data key that the master key wraps, so that
/// the master key can be changed without touching a digest.
pub struct Pepper {
    bytes: Zeroizing<[u8; 32]>,
    key: hmac::Key,
}

impl Pepper {
    /// From 256 random bits, or from the vault.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let pepper =
            Self { bytes: Zeroizing::new(bytes), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) };
        bytes.zeroize();
        pepper
    }

    /// Digests a secret. About half a microsecond, whatever is presented.
    pub fn digest(&self, secret: &Secret) -> Digest {
        let tag = hmac::sign(&self.key, secret.expose().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(tag.as_ref());
        Digest(digest)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_the_form_that_scanners_look_for() {
        let secret = Secret::from_entropy([0xAB; 32]);
        assert_eq!(secret.expose().len(), 53);
        assert!(secret.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        assert!(secret.expose().ends_with(&secret.last_four()));
    }

    #[test]
    fn the_form_of_a_secret_tells_the_usual_slips() {
        let whole = Secret::from_entropy([1; 32]).expose().to_owned();
        let mut typo = whole.clone();
        typo.replace_range(10..11, if &whole[10..11] == "A" { "B" } else { "A" });
        for (text, wanted) in [
            (whole.clone(), Shape::Whole),
            (format!("{whole}\n"), Shape::Padded),
            (format!(" {whole}"), Shape::Padded),
            (whole[..52].to_owned(), Shape::Damaged),
            (format!("{whole}\0"), Shape::Damaged),
            (typo, Shape::Damaged),
            ("hpc_0000000000000000000000".to_owned(), Shape::ClientId),
            ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln".to_owned(), Shape::Token),
            ("eyJhbGciOiJFUzI1NiJ9".to_owned(), Shape::Foreign),
            ("correct horse".to_owned(), Shape::Foreign),
            (String::new(), Shape::Foreign),
        ] {
            assert_eq!(shape(&text), wanted, "{text:?}");
        }
    }

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let secret = |byte| Secret::from_entropy([byte; 32]).expose().to_owned();
        let (one, two) = (secret(1), secret(2));
        let cut = &one[..40];
        for (text, wanted) in [
            (one.clone(), vec![&*one]),
            (format!("{one}{two}"), vec![&one, &two]),
            (format!("KEY=\"{one}\"\n# {two},{one}"), vec![&one, &two]),
            (format!("é{one}é"), vec![&one]),
            (format!("x{one}x"), vec![&one]),
            (format!("{cut} {two}"), vec![cut, &two]),
            ("hps_ begins a secret, hps_like this".to_owned(), vec![]),
            (String::new(), vec![]),
        ] {
            assert_eq!(found_in(&text, 2), wanted, "{text}");
        }
        assert_eq!(found_in(&format!("{one} {two}"), 1), [&one]);
    }

    #[test]
    fn a_digest_matches_only_the_exact_secret() {
        let pepper = Pepper::new([9; 32]);
        let secret = Secret::from_entropy([1; 32]);
        let digest = pepper.digest(&secret);
        let own = secret.expose();
        for (text, matches) in [
            (own.to_owned(), true),
            (format!("{own}\0"), false), // oidc-provider 9.13 padded with zeros.
            (format!("{own} "), false),
            (own[..own.len() - 1].to_owned(), false),
            (own.to_lowercase(), false),
            (String::new(), false),
        ] {
            assert_eq!(digest.matches(&pepper.digest(&Secret::presented(text))), matches);
        }
        assert!(!digest.matches(&Pepper::new([8; 32]).digest(&secret)));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let secret = Secret::from_entropy([1; 32]);
        let printed = format!(
            "{secret:?} {:?} {:?}",
            Pepper::new([9; 32]),
            Pepper::new([9; 32]).digest(&secret)
        );
        assert_eq!(printed, "Secret(..) Pepper(..) Digest(..)");
    }
}
