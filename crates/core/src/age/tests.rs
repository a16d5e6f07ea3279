//! Files of the `age` program itself, and what happens to them on the way.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

/// A key pair of `age-keygen`, made for these tests.
const IDENTITY: &str = "AGE-SECRET-KEY-13N0MW774088F7E8UN6G49TZ6LDVE03XHZ0393CSFND9K6MVPC2DQHKL5UW";
const RECIPIENT: &str = "age1yjzjgk0uknhlzyzxurmm5nctpd8ne58esz42ranr8hhvqqvnfuns3k6a7f";
const STRANGER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// Written by `age -r` and `age -p` 1.3.2.
const TO_RECIPIENT: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBlTHdzaGw0aFYxVnZwOFRZWEtQNU5JOVpO\
    TmgzNnhHYyttYWN6dHV4czFZCklIS0dnMndJUzhzUUNaTklrMVE4V0FWT2V6OVhReVhZYnI5cTVl\
    V24xV1kKLS0tIEFrYndyT1pHWVhxTVZZamFBcEw5dzlrOTlsV29qL1dVMWU2ZFVQQXRLZU0KKXFY\
    JfPhUyVWCPvl7064zRor59gi7Iw0FyW19RcLqoTWXInqFLKmGjClYir+kS0QaZ28nA==";
const TO_PASSPHRASE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCAxM09XYnFpQmhRUXJBTVlHaWU4WTNRIDE4\
    ClN4VFp6bGl0TWtVTjBtSUIxdC9NUlJlZ2pGK3cyeUUvUlRqQndXemM5TWMKLS0tIDdmRC9zSWRH\
    YW9QUkFTV1RUSEZKRFdDeFZlbldCR3o2VU0vaXgzUmI3SW8KvCSoxUJTgbQwfzMkpH0lVzCJgrX1\
    OKd1EUe78sPf5VsddIT/xNyfrGKUHdM5otdJztPNJw==";

fn identity() -> Key {
    Key::Identity(Identity::from_file(&format!("# made today\n\n{IDENTITY}\n")).unwrap())
}

fn passphrase(text: &str) -> Key {
    Key::Passphrase(Zeroizing::new(text.to_owned()))
}

fn recipients(all: &[&str]) -> Lock {
    Lock::Recipients(all.iter().map(|one| one.parse().unwrap()).collect())
}

/// Numbers that follow from a seed: a test needs no better ones.
fn entropy(seed: u64) -> impl FnMut() -> [u8; 32] {
    let mut number = seed;
    move || {
        number += 1;
        digest::digest(&digest::SHA256, &number.to_be_bytes()).as_ref().try_into().unwrap()
    }
}

fn seal(lock: &Lock, clear: &[u8]) -> Vec<u8> {
    let (mut file, mut chunks) = Chunks::begin(lock, &mut entropy(1)).unwrap();
    let mut rest = clear;
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK));
        let mut chunk = chunk.to_vec();
        chunks.seal(&mut chunk, after.is_empty()).unwrap();
        file.extend(chunk);
        if after.is_empty() {
            return file;
        }
        rest = after;
    }
}

fn open(file: &[u8], key: &Key) -> Result<Vec<u8>, AgeError> {
    let mark = file.windows(5).position(|five| five == b"\n--- ").ok_or(AgeError::NotAge)?;
    let end = file[mark + 1..].iter().position(|byte| *byte == b'\n').ok_or(AgeError::NotAge)?;
    let (header, body) = file.split_at(mark + 1 + end + 1);
    let (nonce, mut rest) = body.split_first_chunk::<NONCE>().ok_or(AgeError::Damaged)?;
    let mut chunks = Chunks::read(header, nonce, key)?;
    let mut clear = Vec::new();
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK + TAG));
        let mut chunk = chunk.to_vec();
        chunks.open(&mut chunk, after.is_empty())?;
        clear.extend(chunk);
        if after.is_empty() {
            return Ok(clear);
        }
        rest = after;
    }
}

#[test]
fn files_of_age_itself_are_opened() {
    for (file, key) in [(TO_RECIPIENT, identity()), (TO_PASSPHRASE, passphrase("correct horse"))] {
        let file = STANDARD.decode(file).unwrap();
        assert_eq!(open(&file, &key).unwrap(), b"Sealed by age 1.3.2\n");
    }
}

#[test]
fn what_is_sealed_is_opened_by_whom_it_is_sealed_to_and_nobody_else() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let clear: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
        for all in [&[RECIPIENT][..], &[STRANGER, RECIPIENT]] {
            let file = seal(&recipients(all), &clear);
            assert!(open(&file, &identity()).unwrap() == clear, "{length}");
        }
    }
    let to_us = seal(&recipients(&[RECIPIENT]), b"clear");
    let to_others = seal(&recipients(&[STRANGER]), b"clear");
    let under_words = seal(&Lock::Passphrase(Zeroizing::new("some words".to_owned())), b"clear");
    for (file, key, answer) in [
        (&to_us, identity(), Ok(b"clear".to_vec())),
        (&to_us, passphrase("some words"), Err(AgeError::NeedsKey)),
        (&to_others, identity(), Err(AgeError::WrongKey)),
        (&under_words, passphrase("some words"), Ok(b"clear".to_vec())),
        (&under_words, passphrase("other words"), Err(AgeError::WrongPassphrase)),
        (&under_words, identity(), Err(AgeError::NeedsPassphrase)),
    ] {
        assert_eq!(open(file, &key), answer);
    }
}

#[test]
fn what_was_changed_or_cut_is_refused() {
    let clear = vec![7; 2 * CHUNK + 5];
    let file = seal(&recipients(&[RECIPIENT]), &clear);
    let body = file.len() - (2 * CHUNK + 5 + 3 * TAG);
    for cut in (0..body).chain([body + TAG, body + CHUNK + TAG, file.len() - 1]) {
        assert!(open(&file[..cut], &identity()).is_err(), "cut at {cut}");
    }
    for place in (0..body).chain([body, body + CHUNK + 20, file.len() - 1]) {
        for bit in [0, 5] {
            let mut file = file.clone();
            file[place] ^= 1 << bit;
            assert!(open(&file, &identity()).is_err(), "bit {bit} at {place}");
        }
    }
    // Chunks that changed places, were left out, or were put on.
    let (begin, chunks) = file.split_at(body);
    let chunks: Vec<&[u8]> = chunks.chunks(CHUNK + TAG).collect();
    for order in [&[1, 0, 2][..], &[0, 2], &[0, 1], &[0, 1, 2, 2], &[]] {
        let moved = order.iter().map(|place: &usize| chunks[*place]).collect::<Vec<_>>().concat();
        assert!(open(&[begin, &moved].concat(), &identity()).is_err(), "{order:?}");
    }
}

#[test]
fn keys_are_read_as_age_keygen_writes_them() {
    assert!(RECIPIENT.parse::<Recipient>().is_ok());
    assert!(RECIPIENT.to_uppercase().parse::<Recipient>().is_ok());
    for text in
        ["", "age1", IDENTITY, &RECIPIENT.replace('y', "z"), &RECIPIENT[..60], "ssh-ed25519 A"]
    {
        assert_eq!(text.parse::<Recipient>(), Err(AgeError::NotARecipient), "{text}");
    }
    for text in ["", "# nothing", RECIPIENT, &IDENTITY.replace("3N0", "3N9"), &IDENTITY[..70]] {
        assert!(Identity::from_file(text).is_err(), "{text}");
    }
    let mixed = IDENTITY.replace("AGE", "age");
    assert!(Identity::from_file(&mixed).is_err());
}

#[test]
fn a_passphrase_is_not_tried_at_any_cost() {
    let file = seal(&Lock::Passphrase(Zeroizing::new("some words".to_owned())), b"clear");
    let text = String::from_utf8_lossy(&file).into_owned();
    let (before, _) = text.split_once(" 18\n").unwrap();
    let dear = [before.as_bytes(), b" 21\n", &file[before.len() + 4..]].concat();
    assert_eq!(open(&dear, &passphrase("some words")), Err(AgeError::TooMuchWork));
}
