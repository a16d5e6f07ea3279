//! Digests of client secrets that another server has made: recognised, bounded and compared. To
//! compare one is slow by design, so nothing on the way of a token request may do it by itself;
//! whoever has proven such a secret gets a digest of ours.

use std::{fmt, num::NonZeroU32, str::FromStr};

use aws_lc_rs::{constant_time, pbkdf2};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::Secret;

/// The highest cost of a bcrypt digest: beyond it one check takes more than half a second.
const BCRYPT_COST_AT_MOST: u32 = 12;

/// The most rounds of PBKDF2 with SHA-256, for the same reason.
const SHA256_ROUNDS_AT_MOST: u32 = 1_000_000;

/// The most rounds of PBKDF2 with SHA-512, for the same reason.
const SHA512_ROUNDS_AT_MOST: u32 = 500_000;

/// What bcrypt looks at, in bytes, the NUL behind the secret included.
const BCRYPT_READS: usize = 72;

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, INDIFFERENT);

/// Why a text is not taken as the digest of a secret. Never repeats it: it may be the secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadDigest {
    /// Nothing that is known here.
    #[error(
        "not a digest that is known here: bcrypt ($2a$, $2b$, $2y$) or PBKDF2 as \
         $pbkdf2-sha256$i=ROUNDS,l=LENGTH$SALT$DIGEST (sha512 too) is"
    )]
    Unknown,
    /// Of a known kind, but cut off or edited.
    #[error("the {0} digest is damaged")]
    Damaged(&'static str),
    /// Whoever presents a wrong secret would keep a processor busy for too long.
    #[error("the {kind} digest is too slow to check: its cost is {got}, at most {most} is taken")]
    TooSlow {
        /// The kind.
        kind: &'static str,
        /// Its cost, or its rounds.
        got: u32,
        /// The most that is taken.
        most: u32,
    },
}

/// The digest of a secret, as another server has kept it.
#[derive(Clone, Eq, PartialEq)]
pub struct ForeignDigest {
    text: Box<str>,
    form: Form,
}

#[derive(Clone, Eq, PartialEq)]
enum Form {
    Bcrypt { cost: u32, salt: [u8; 16], hash: [u8; 23] },
    Pbkdf2 { prf: Prf, rounds: NonZeroU32, salt: Box<[u8]>, hash: Box<[u8]> },
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Prf {
    Sha256,
    Sha512,
}

impl ForeignDigest {
    /// As it was imported.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match &self.form {
            Form::Bcrypt { .. } => "bcrypt",
            Form::Pbkdf2 { .. } => "pbkdf2",
        }
    }

    /// Whether it is the digest of this secret. Takes up to about half a second; compares in
    /// constant time.
    pub fn is_of(&self, secret: &Secret) -> bool {
        match &self.form {
            Form::Bcrypt { cost, salt, hash } => is_bcrypt_of(secret, *cost, *salt, hash),
            Form::Pbkdf2 { prf, rounds, salt, hash } => {
                let algorithm = match prf {
                    Prf::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                    Prf::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
                };
                pbkdf2::verify(algorithm, *rounds, salt, secret.expose().as_bytes(), hash).is_ok()
            }
        }
    }
}

/// bcrypt reads 72 bytes and repeats what is shorter, with a NUL between: a secret that is longer,
/// or holds a NUL, would pass for another one.
fn is_bcrypt_of(secret: &Secret, cost: u32, salt: [u8; 16], hash: &[u8; 23]) -> bool {
    let secret = secret.expose().as_bytes();
    if secret.len() > BCRYPT_READS || secret.contains(&0) {
        return false;
    }
    let mut key = Zeroizing::new(Vec::with_capacity(BCRYPT_READS + 1));
    key.extend_from_slice(secret);
    key.push(0);
    key.truncate(BCRYPT_READS);
    let computed = bcrypt::bcrypt(cost, salt, &key);
    constant_time::verify_slices_are_equal(&computed[..hash.len()], hash).is_ok()
}

impl FromStr for ForeignDigest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let parts: Vec<&str> = text.split('$').collect();
        let form = match parts[..] {
            ["", "2a" | "2b" | "2y", cost, rest] => bcrypt_form(cost, rest)?,
            ["", "pbkdf2-sha256", params, salt, hash] => {
                pbkdf2_form(Prf::Sha256, params, salt, hash)?
            }
            ["", "pbkdf2-sha512", params, salt, hash] => {
                pbkdf2_form(Prf::Sha512, params, salt, hash)?
            }
            _ => return Err(BadDigest::Unknown),
        };
        Ok(Self { text: text.into(), form })
    }
}

fn bcrypt_form(cost: &str, rest: &str) -> Result<Form, BadDigest> {
    let damaged = || BadDigest::Damaged("bcrypt");
    if cost.len() != 2 || rest.len() != 53 || !rest.is_ascii() {
        return Err(damaged());
    }
    let cost = number(cost).filter(|cost| (4..=31).contains(cost)).ok_or_else(damaged)?;
    let most = BCRYPT_COST_AT_MOST;
    if cost > most {
        return Err(BadDigest::TooSlow { kind: "bcrypt", got: cost, most });
    }
    let (salt, hash) = rest.split_at(22);
    let salt = BCRYPT_BASE64.decode(salt).map_err(|_| damaged())?;
    let hash = BCRYPT_BASE64.decode(hash).map_err(|_| damaged())?;
    let salt = salt.try_into().map_err(|_| damaged())?;
    let hash = hash.try_into().map_err(|_| damaged())?;
    Ok(Form::Bcrypt { cost, salt, hash })
}

fn pbkdf2_form(prf: Prf, params: &str, salt: &str, hash: &str) -> Result<Form, BadDigest> {
    let damaged = || BadDigest::Damaged("pbkdf2");
    let (rounds, length) = params.split_once(",l=").ok_or_else(damaged)?;
    let rounds = rounds.strip_prefix("i=").and_then(number).ok_or_else(damaged)?;
    let most = match prf {
        Prf::Sha256 => SHA256_ROUNDS_AT_MOST,
        Prf::Sha512 => SHA512_ROUNDS_AT_MOST,
    };
    if rounds > most {
        return Err(BadDigest::TooSlow { kind: "pbkdf2", got: rounds, most });
    }
    let length = number(length).ok_or_else(damaged)? as usize;
    let salt = BASE64.decode(salt).map_err(|_| damaged())?;
    let hash = BASE64.decode(hash).map_err(|_| damaged())?;
    // Less than 16 bytes would be too easily met by chance; more than one block costs double.
    if hash.len() != length || !(16..=64).contains(&length) || salt.len() > 64 {
        return Err(damaged());
    }
    let rounds = NonZeroU32::new(rounds).ok_or_else(damaged)?;
    Ok(Form::Pbkdf2 { prf, rounds, salt: salt.into(), hash: hash.into() })
}

/// Digits and nothing else: no sign, no blank.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Debug for ForeignDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignDigest({}, ..)", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    const PBKDF2: &str = "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg\
                          $LjzQQQfBu6oiuVew1rMcxHa9TJUIzcdEP64wW5xKh1M";

    fn parse(text: &str) -> Result<ForeignDigest, BadDigest> {
        text.parse()
    }

    fn is_of(digest: &str, secret: &str) -> bool {
        parse(digest).unwrap().is_of(&Secret::presented(secret.to_owned()))
    }

    /// Made by libxcrypt, by Python's hashlib, or published where the line says so.
    #[test]
    fn digests_of_other_servers_are_of_their_secret_and_of_no_other() {
        for (digest, secret) in [
            (SHORT, "correct horse"),
            ("$2y$05$abcdefghijklmnopqrstuuwHEBwfBlpMyMqr2sl9Cm4E5Zt4e9XUe", "caf\u{e9}"),
            // The vectors of jBCrypt.
            ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
            ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
            (PBKDF2, "correct horse"),
            (
                "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHRzYWx0c2FsdA$d0zQ5mttGMv0zeCTaxoGD8jqlBUJV3\
                 GJurly1YWwpsT77nJJ4zeWvkR4EpRpwWmUxJUEufwxyVZUxMiKKdIdgg",
                "caf\u{e9} %41+",
            ),
            // RFC 7914 §11.
            (
                "$pbkdf2-sha256$i=80000,l=64$TmFDbA$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1C\
                 WhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ",
                "Password",
            ),
        ] {
            assert!(is_of(digest, secret), "{digest}");
            for other in [format!("{secret}x"), secret.to_uppercase() + " ", "zebra".to_owned()] {
                assert!(!is_of(digest, &other), "{digest} {other}");
            }
        }
    }

    /// A server that cuts at 72 bytes lets in whoever knows those; one that repeats what is short
    /// lets in whoever repeats it.
    #[test]
    fn bcrypt_lets_nobody_in_by_what_it_does_not_look_at() {
        let of_71 = "$2b$04$abcdefghijklmnopqrstuu.gc7UY/21CSNJGJg21jJzx9QiOpJ9bO";
        let of_72 = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
        for (digest, secret, is) in [
            (of_71, "x".repeat(71), true),
            (of_71, "x".repeat(72), false),
            (of_72, "x".repeat(72), true),
            (of_72, "x".repeat(73), false),
            (of_72, format!("{}y", "x".repeat(72)), false),
            (SHORT, "correct horse\0correct horse".to_owned(), false),
            (SHORT, "correct horse\0".to_owned(), false),
        ] {
            assert_eq!(is_of(digest, &secret), is, "{digest} {secret:?}");
        }
    }

    #[test]
    fn what_is_no_digest_or_too_slow_is_told_apart_and_never_repeated() {
        let bcrypt = BadDigest::Damaged("bcrypt");
        let pbkdf2 = BadDigest::Damaged("pbkdf2");
        let slow = |kind, got, most| BadDigest::TooSlow { kind, got, most };
        for (text, wanted) in [
            ("", BadDigest::Unknown),
            ("zebra", BadDigest::Unknown),
            ("$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", BadDigest::Unknown),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$AAAA", BadDigest::Unknown),
            ("$pbkdf2-sha1$i=1,l=20$c2FsdA$AAAA", BadDigest::Unknown),
            (&SHORT[..59], bcrypt.clone()),
            (&SHORT.replace("$04$", "$+4$"), bcrypt.clone()),
            (&SHORT.replace("$04$", "$03$"), bcrypt.clone()),
            (&SHORT.replace("$04$", "$32$"), bcrypt.clone()),
            (&SHORT.replace('a', "!"), bcrypt.clone()),
            (&SHORT.replace("ab", "\u{e9}"), bcrypt),
            (&SHORT.replace("$04$", "$13$"), slow("bcrypt", 13, 12)),
            (&PBKDF2.replace("=25000", "=0"), pbkdf2.clone()),
            (&PBKDF2.replace("=25000", "=-1"), pbkdf2.clone()),
            (&PBKDF2.replace("l=32", "l=31"), pbkdf2.clone()),
            (&PBKDF2.replace("l=32", "32"), pbkdf2.clone()),
            ("$pbkdf2-sha256$i=1,l=3$c2FsdA$AAAA", pbkdf2),
            (&PBKDF2.replace("=25000", "=1000001"), slow("pbkdf2", 1_000_001, 1_000_000)),
            (&PBKDF2.replace("256$i=25000", "512$i=500001"), slow("pbkdf2", 500_001, 500_000)),
        ] {
            let got = parse(text).unwrap_err();
            assert_eq!(got, wanted, "{text}");
            assert!(!got.to_string().contains("zebra"));
        }
        assert_eq!(format!("{:?}", parse(SHORT).unwrap()), "ForeignDigest(bcrypt, ..)");
        assert_eq!(parse(SHORT).unwrap().as_str(), SHORT);
    }
}
