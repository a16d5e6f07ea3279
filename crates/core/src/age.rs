//! The age file format, version 1 (<https://c2sp.org/age>), for recipients of X25519 and for
//! passphrases: what is sealed here, everybody's `age` opens, and the other way round. It never
//! hands out a byte that it has not authenticated.

mod bech32;
mod header;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, PrivateKey, UnparsedPublicKey, X25519},
    hkdf,
};
use zeroize::{Zeroize, Zeroizing};

/// How every such file begins.
pub const BEGINNING: &[u8] = b"age-encryption.org/v1\n";

/// How much is sealed at once. Every chunk but the last is as long.
pub const CHUNK: usize = 64 * 1024;

/// What every sealed chunk is longer by.
pub const TAG: usize = 16;

/// No header that we know is longer.
pub const HEADER_AT_MOST: usize = 64 * 1024;

/// What follows the header, before the first chunk.
pub const NONCE: usize = 16;

/// 2 to this power: how long it takes to try a passphrase. About a second, as in `age` itself.
const WORK: u8 = 18;

/// The most that a file may ask for: a gigabyte of memory.
const WORK_AT_MOST: u8 = 20;

/// Why something was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AgeError {
    /// Not such a file.
    #[error("it is not an age file, or its header is damaged")]
    NotAge,
    /// None of its recipients is ours.
    #[error("it is encrypted to somebody else: this key does not open it")]
    WrongKey,
    /// The passphrase is another.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// It needs what was not given.
    #[error("it is encrypted under a passphrase, and a key was given")]
    NeedsPassphrase,
    /// The other way round.
    #[error("it is encrypted to a recipient, and a passphrase was given")]
    NeedsKey,
    /// Ciphertext was changed, or cut.
    #[error("it is damaged: a part of it was changed or is missing")]
    Damaged,
    /// A passphrase that takes too long to try.
    #[error("it asks for more work to try the passphrase than this machine should do")]
    TooMuchWork,
    /// Not a recipient.
    #[error("a recipient begins with age1 and comes from `age-keygen`; got something else")]
    NotARecipient,
    /// Not a private key.
    #[error("a private key begins with AGE-SECRET-KEY-1 and comes from `age-keygen`")]
    NotAnIdentity,
}

/// Whom a file is sealed to: the public half of an [`Identity`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recipient([u8; 32]);

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let key = bech32::decode("age", text).ok_or(AgeError::NotARecipient)?;
        <[u8; 32]>::try_from(&key[..]).map(Self).map_err(|_| AgeError::NotARecipient)
    }
}

/// A private key. Cannot be printed.
pub struct Identity(Zeroizing<[u8; 32]>);

impl Identity {
    /// Reads the first key of a file of `age-keygen`, in which comments begin with `#`.
    pub fn from_file(text: &str) -> Result<Self, AgeError> {
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let line = line.ok_or(AgeError::NotAnIdentity)?;
        let key = bech32::decode("age-secret-key-", line).ok_or(AgeError::NotAnIdentity)?;
        let key = <[u8; 32]>::try_from(&key[..]).map_err(|_| AgeError::NotAnIdentity)?;
        Ok(Self(Zeroizing::new(key)))
    }
}

/// To what a file is sealed.
pub enum Lock {
    /// To whoever has one of the private keys.
    Recipients(Vec<Recipient>),
    /// To whoever knows it.
    Passphrase(Zeroizing<String>),
}

/// With what a file is opened.
pub enum Key {
    /// A private key.
    Identity(Identity),
    /// A passphrase.
    Passphrase(Zeroizing<String>),
}

/// Where random bytes come from, 32 at a time.
pub type Entropy<'a> = &'a mut dyn FnMut() -> [u8; 32];

/// Seals or opens chunk after chunk, in their order.
pub struct Chunks {
    key: LessSafeKey,
    number: u64,
    is_over: bool,
}

impl Chunks {
    /// Begins a file: what it starts with, and who seals its chunks.
    pub fn begin(lock: &Lock, entropy: Entropy<'_>) -> Result<(Vec<u8>, Self), AgeError> {
        let mut file_key = Zeroizing::new([0; 16]);
        file_key.copy_from_slice(&Zeroizing::new(entropy())[..16]);
        let mut text = BEGINNING.to_vec();
        match lock {
            Lock::Recipients(recipients) => {
                for recipient in recipients {
                    let (share, wrapped) = wrap(recipient, &file_key, Zeroizing::new(entropy()))?;
                    header::stanza(&mut text, &["X25519", &header::encode(&share)], &wrapped);
                }
            }
            Lock::Passphrase(passphrase) => {
                let salt = entropy();
                let key = stretch(passphrase, &salt[..16], WORK)?;
                let wrapped = seal_key(&key, &file_key)?;
                let arguments = ["scrypt", &header::encode(&salt[..16]), &WORK.to_string()];
                header::stanza(&mut text, &arguments, &wrapped);
            }
        }
        let mac = mac_key(&file_key)?;
        header::end(&mut text, &mac);
        let nonce = entropy();
        text.extend_from_slice(&nonce[..NONCE]);
        let key = derive(&file_key[..], &nonce[..NONCE], b"payload")?;
        Ok((text, Self::new(&key)?))
    }

    /// Reads what a file starts with: its header, and the nonce after it.
    pub fn read(header: &[u8], nonce: &[u8; NONCE], key: &Key) -> Result<Self, AgeError> {
        let header = header::Header::parse(header).ok_or(AgeError::NotAge)?;
        let file_key = match key {
            Key::Identity(identity) => header.unwrap_by(identity)?,
            Key::Passphrase(passphrase) => header.unwrap_with(passphrase)?,
        };
        let mac = mac_key(&file_key)?;
        header.verify(&mac)?;
        let key = derive(&file_key[..], nonce, b"payload")?;
        Self::new(&key)
    }

    fn new(key: &[u8; 32]) -> Result<Self, AgeError> {
        Ok(Self { key: aead(key)?, number: 0, is_over: false })
    }

    /// Seals the next chunk: a whole one, but for the last.
    pub fn seal(&mut self, chunk: &mut Vec<u8>, is_last: bool) -> Result<(), AgeError> {
        let nonce = self.next(is_last)?;
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::empty(), chunk);
        sealed.map_err(|_| AgeError::Damaged)
    }

    /// Opens the next chunk. Without the last one, nothing of a file is to be believed.
    pub fn open(&mut self, chunk: &mut Vec<u8>, is_last: bool) -> Result<(), AgeError> {
        let is_first = self.number == 0;
        let nonce = self.next(is_last)?;
        let opened = self.key.open_in_place(nonce, Aad::empty(), chunk);
        let length = opened.map_err(|_| AgeError::Damaged)?.len();
        chunk.truncate(length);
        // Only an empty file ends with an empty chunk.
        if length == 0 && !is_first { Err(AgeError::Damaged) } else { Ok(()) }
    }

    fn next(&mut self, is_last: bool) -> Result<Nonce, AgeError> {
        if self.is_over {
            return Err(AgeError::Damaged);
        }
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.is_over = is_last;
        self.number += 1;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Wraps the file's key for a recipient, and returns the public half of the key made for it.
fn wrap(
    recipient: &Recipient,
    file_key: &[u8; 16],
    ephemeral: Zeroizing<[u8; 32]>,
) -> Result<([u8; 32], Vec<u8>), AgeError> {
    let ephemeral = PrivateKey::from_private_key(&X25519, &ephemeral[..]);
    let ephemeral = ephemeral.map_err(|_| AgeError::NotARecipient)?;
    let share = public(&ephemeral)?;
    let key = agreed(&ephemeral, &recipient.0, (&share, &recipient.0))?;
    Ok((share, seal_key(&key, file_key)?))
}

/// The key that both halves agree on. The salt names both public ones.
fn agreed(
    own: &PrivateKey,
    other: &[u8; 32],
    (share, recipient): (&[u8; 32], &[u8; 32]),
) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let salt = [&share[..], &recipient[..]].concat();
    let other = UnparsedPublicKey::new(&X25519, other);
    agreement::agree(own, other, AgeError::NotAge, |secret| {
        derive(secret, &salt, b"age-encryption.org/v1/X25519")
    })
}

fn public(key: &PrivateKey) -> Result<[u8; 32], AgeError> {
    let public = key.compute_public_key().map_err(|_| AgeError::NotAge)?;
    public.as_ref().try_into().map_err(|_| AgeError::NotAge)
}

/// The key of a passphrase.
fn stretch(passphrase: &str, salt: &[u8], work: u8) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    if work > WORK_AT_MOST {
        return Err(AgeError::TooMuchWork);
    }
    let params = scrypt::Params::new(work, 8, 1).map_err(|_| AgeError::NotAge)?;
    let salt = [b"age-encryption.org/v1/scrypt", salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut key[..])
        .map_err(|_| AgeError::NotAge)?;
    Ok(key)
}

/// Wraps the file's key. Each wrapping key is used once, so the nonce is nothing.
fn seal_key(key: &[u8; 32], file_key: &[u8; 16]) -> Result<Vec<u8>, AgeError> {
    let mut wrapped = file_key.to_vec();
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let sealed = aead(key)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut wrapped);
    sealed.map(|()| wrapped).map_err(|_| AgeError::Damaged)
}

/// Opens a wrapped key; `None` if it is not wrapped by this one.
fn open_key(key: &[u8; 32], wrapped: &[u8]) -> Result<Option<Zeroizing<[u8; 16]>>, AgeError> {
    let mut clear = Zeroizing::new(wrapped.to_vec());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let Ok(opened) = aead(key)?.open_in_place(nonce, Aad::empty(), &mut clear[..]) else {
        return Ok(None);
    };
    let file_key = <[u8; 16]>::try_from(&*opened).map_err(|_| AgeError::NotAge)?;
    opened.zeroize();
    Ok(Some(Zeroizing::new(file_key)))
}

fn mac_key(file_key: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    derive(file_key, &[], b"header")
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key[..]))
        .map_err(|_| AgeError::NotAge)?;
    Ok(key)
}

fn aead(key: &[u8; 32]) -> Result<LessSafeKey, AgeError> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| AgeError::NotAge)?;
    Ok(LessSafeKey::new(key))
}
