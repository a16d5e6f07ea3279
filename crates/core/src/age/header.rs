//! A file's header: for each recipient a stanza with the file's key, wrapped, and at the end a
//! digest under that key of all of it.

use aws_lc_rs::{agreement::PrivateKey, agreement::X25519, hmac};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::{AgeError, BEGINNING, Identity, agreed, open_key, public, stretch};

/// A stanza's body is broken into lines of this length; the last one is shorter, if empty.
const LINE: usize = 64;

type FileKey = Zeroizing<[u8; 16]>;

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// Writes a stanza. Our bodies fit into one line.
pub(super) fn stanza(text: &mut Vec<u8>, arguments: &[&str], body: &[u8]) {
    text.extend_from_slice(format!("-> {}\n{}\n", arguments.join(" "), encode(body)).as_bytes());
}

/// Writes the end.
pub(super) fn end(text: &mut Vec<u8>, key: &[u8; 32]) {
    text.extend_from_slice(b"---");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    text.extend_from_slice(format!(" {}\n", encode(tag.as_ref())).as_bytes());
}

/// A header that was read.
pub(super) struct Header<'a> {
    stanzas: Vec<Stanza<'a>>,
    /// All of it but the digest.
    digested: &'a [u8],
    digest: Vec<u8>,
}

struct Stanza<'a> {
    arguments: Vec<&'a str>,
    body: Vec<u8>,
}

impl<'a> Header<'a> {
    /// Reads a header, which ends with the line of its digest.
    pub(super) fn parse(header: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let beginning = std::str::from_utf8(BEGINNING).ok()?;
        let mut lines = text.strip_prefix(beginning)?.strip_suffix('\n')?.split('\n');
        let mut stanzas = Vec::new();
        loop {
            let line = lines.next()?;
            if let Some(digest) = line.strip_prefix("--- ") {
                let digest = STANDARD_NO_PAD.decode(digest).ok()?;
                let digested = header.len() - 1 - (line.len() - "---".len());
                let digested = header.get(..digested)?;
                return lines.next().is_none().then_some(Self { stanzas, digested, digest });
            }
            let arguments = line.strip_prefix("-> ")?.split(' ').collect();
            let mut body = String::new();
            loop {
                let line = lines.next()?;
                body.push_str(line);
                if line.len() != LINE {
                    break;
                }
            }
            stanzas.push(Stanza { arguments, body: STANDARD_NO_PAD.decode(body).ok()? });
        }
    }

    /// The file's key, if a stanza is to this one.
    pub(super) fn unwrap_by(&self, identity: &Identity) -> Result<FileKey, AgeError> {
        let own = PrivateKey::from_private_key(&X25519, &identity.0[..]);
        let own = own.map_err(|_| AgeError::NotAnIdentity)?;
        let recipient = public(&own)?;
        for stanza in &self.stanzas {
            match &*stanza.arguments {
                ["scrypt", ..] => return Err(AgeError::NeedsPassphrase),
                ["X25519", share] => {
                    let share = bytes::<32>(share)?;
                    let key = agreed(&own, &share, (&share, &recipient))?;
                    if let Some(file_key) = open_key(&key, &stanza.body)? {
                        return Ok(file_key);
                    }
                }
                // Of a kind of key that we do not know; another may be ours.
                _ => {}
            }
        }
        Err(AgeError::WrongKey)
    }

    /// The file's key, by a passphrase, beside which there is no other stanza.
    pub(super) fn unwrap_with(&self, passphrase: &str) -> Result<FileKey, AgeError> {
        let [Stanza { arguments, body }] = &*self.stanzas else { return Err(AgeError::NeedsKey) };
        let ["scrypt", salt, work] = &**arguments else { return Err(AgeError::NeedsKey) };
        let work = work.parse().map_err(|_| AgeError::NotAge)?;
        let key = stretch(passphrase, &bytes::<16>(salt)?, work)?;
        open_key(&key, body)?.ok_or(AgeError::WrongPassphrase)
    }

    /// Refuses a header that is not as it was written.
    pub(super) fn verify(&self, key: &[u8; 32]) -> Result<(), AgeError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::verify(&key, self.digested, &self.digest).map_err(|_| AgeError::Damaged)
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], AgeError> {
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::NotAge)?;
    bytes.try_into().map_err(|_| AgeError::NotAge)
}
