//! Files in the age format: sealed and opened piece by piece, however long they are. What is opened
//! is complete when this says so, and must not be used before.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::Path,
};

use anyhow::{Context, bail};
use hallpass_core::age::{
    BEGINNING, CHUNK, Chunks, HEADER_AT_MOST, Identity, Key, Lock, NONCE, Recipient, TAG,
};
use hallpass_server::entropy;
use zeroize::Zeroizing;

/// The lock that options ask for.
pub(crate) fn lock(
    recipients: Vec<Recipient>,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Option<Lock>> {
    Ok(match passphrase_file {
        Some(path) => Some(Lock::Passphrase(passphrase(path)?)),
        None => (!recipients.is_empty()).then_some(Lock::Recipients(recipients)),
    })
}

/// The key that options name.
pub(crate) fn key(
    identity_file: Option<&Path>,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Option<Key>> {
    Ok(match (identity_file, passphrase_file) {
        (_, Some(path)) => Some(Key::Passphrase(passphrase(path)?)),
        (Some(path), None) => {
            let text = read(path)?;
            let identity = Identity::from_file(&text);
            Some(Key::Identity(identity.with_context(|| format!("in {}", path.display()))?))
        }
        (None, None) => None,
    })
}

/// The first line, so that an editor's line feed at the end does no harm.
fn passphrase(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = read(path)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("{} holds no passphrase", path.display());
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn read(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = fs::read_to_string(path);
    Ok(Zeroizing::new(text.with_context(|| format!("cannot read {}", path.display()))?))
}

/// Whether a file is sealed.
pub(crate) fn is_one(file: &mut BufReader<File>) -> std::io::Result<bool> {
    Ok(file.fill_buf()?.starts_with(BEGINNING))
}

/// Seals all of a file into another, which is on disk when this returns.
pub(crate) fn seal(from: &Path, to: &mut File, lock: &Lock) -> anyhow::Result<()> {
    let mut from = BufReader::with_capacity(CHUNK, File::open(from)?);
    let (begin, mut chunks) = Chunks::begin(lock, &mut entropy::bytes)?;
    to.write_all(&begin)?;
    each(&mut from, CHUNK, |chunk, is_last| {
        chunks.seal(chunk, is_last)?;
        Ok(to.write_all(chunk)?)
    })?;
    Ok(to.sync_all()?)
}

/// Opens all of a file into another, whose content is of no use if this fails.
pub(crate) fn open(from: &mut BufReader<File>, to: &mut File, key: &Key) -> anyhow::Result<()> {
    let header = header(from)?;
    let mut nonce = [0; NONCE];
    from.read_exact(&mut nonce).context("it is cut off")?;
    let mut chunks = Chunks::read(&header, &nonce, key)?;
    each(from, CHUNK + TAG, |chunk, is_last| {
        chunks.open(chunk, is_last)?;
        Ok(to.write_all(chunk)?)
    })
}

/// The header, which ends with the line of its digest.
fn header(from: &mut impl BufRead) -> anyhow::Result<Vec<u8>> {
    let mut header = Vec::new();
    loop {
        let begin = header.len();
        let most = (HEADER_AT_MOST - begin) as u64;
        let read = from.by_ref().take(most).read_until(b'\n', &mut header)?;
        if read == 0 {
            bail!("it is cut off, or its header is damaged");
        }
        if header[begin..].starts_with(b"--- ") {
            return Ok(header);
        }
    }
}

/// Hands over pieces of this length, of which only the last is shorter, and says which that is.
fn each(
    from: &mut impl BufRead,
    length: usize,
    mut take: impl FnMut(&mut Vec<u8>, bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        from.by_ref().take(length as u64).read_to_end(&mut chunk)?;
        let is_last = from.fill_buf()?.is_empty();
        take(&mut chunk, is_last)?;
        if is_last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_every_length_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let (clear, words) = (folder.path().join("clear"), folder.path().join("words"));
        fs::write(&words, "some words\nand a remark\n").unwrap();
        let lock = lock(Vec::new(), Some(&words)).unwrap().unwrap();
        let key = key(None, Some(&words)).unwrap().unwrap();
        for length in [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + TAG] {
            let was: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            fs::write(&clear, &was).unwrap();
            let sealed = folder.path().join(format!("{length}.age"));
            seal(&clear, &mut File::create(&sealed).unwrap(), &lock).unwrap();
            let mut from = BufReader::new(File::open(&sealed).unwrap());
            assert!(is_one(&mut from).unwrap());
            open(&mut from, &mut File::create(&clear).unwrap(), &key).unwrap();
            assert!(fs::read(&clear).unwrap() == was, "{length}");
        }
    }
}
