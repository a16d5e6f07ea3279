//! What is read back is what was written, or nothing.

use hallpass_token::feed::Subject;

use super::*;

const ISSUER: &str = "https://issuer.example";

fn issuer() -> Issuer {
    Issuer::new(ISSUER, false).unwrap()
}

fn metadata() -> Metadata {
    Metadata {
        issuer: ISSUER.to_owned(),
        jwks_uri: "https://issuer.example/keys".to_owned(),
        revocation_feed_uri: Some("https://issuer.example/revocations".to_owned()),
    }
}

fn snapshot() -> Snapshot {
    let subject = Subject::Credential { handle: Handle::of("c"), generations: Some(vec![1]) };
    Snapshot { seq: 7, as_of: 1_764_000_000, entries: vec![Entry { subject, until_s: 9 }] }
}

const JWKS: &[u8] = br#"{"keys":[]}"#;

fn full(folder: &Path) -> Saved {
    let saved = Saved::open(folder, ISSUER).unwrap();
    saved.keep_keys(&metadata(), JWKS);
    saved.keep_feed(&snapshot());
    saved
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    names.sort();
    names
}

#[test]
fn a_later_start_reads_what_an_earlier_one_has_written() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("made/when/missing");
    full(&inside);
    let saved = Saved::open(&inside, ISSUER).unwrap();
    assert_eq!(saved.keys(&issuer()), Some((metadata(), JWKS.to_vec())));
    let read = saved.feed().unwrap();
    assert_eq!((read.snapshot, read.not_understood), (snapshot(), vec![]));
    assert_eq!(saved.last_error.text(), None);
    // Written over many times, nothing is left beside.
    for seq in 0..3 {
        saved.keep_feed(&Snapshot { seq, ..snapshot() });
        assert_eq!(saved.feed().unwrap().snapshot.seq, seq);
    }
    assert_eq!(names(&inside).len(), 2);
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    full(folder.path());
    for path in names(folder.path()) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
fn nothing_saved_is_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let saved = Saved::open(folder.path(), ISSUER).unwrap();
    assert!(saved.keys(&issuer()).is_none() && saved.feed().is_none());
    assert_eq!(saved.last_error.text(), None);
}

#[test]
fn issuers_share_a_folder_and_never_a_state() {
    let folder = tempfile::tempdir().unwrap();
    full(folder.path());
    let other = "https://other.example";
    let saved = Saved::open(folder.path(), other).unwrap();
    let other = Issuer::new(other, false).unwrap();
    assert!(saved.keys(&other).is_none() && saved.feed().is_none());
    // Not even if somebody renames the files.
    let [feed, keys] = &names(folder.path())[..] else { panic!() };
    fs::rename(feed, saved.path("feed")).unwrap();
    fs::rename(keys, saved.path("keys")).unwrap();
    assert!(saved.keys(&other).is_none() && saved.feed().is_none());
    assert!(saved.last_error.text().is_some());
}

fn damaged(how: &str, good: &str) -> Vec<u8> {
    match how {
        "empty" => Vec::new(),
        "cut off" => good.as_bytes()[..good.len() / 2].to_vec(),
        "zeros" => vec![0; good.len()],
        "later" => good.replace(r#""version":1"#, r#""version":2"#).into(),
        "of another issuer" => good.replace("issuer.example", "evil.example").into(),
        _ => b"[]".to_vec(),
    }
}

#[test]
fn a_damaged_file_is_reported_and_never_half_believed() {
    let folder = tempfile::tempdir().unwrap();
    let saved = full(folder.path());
    let (good_keys, good_feed) = {
        let read = |what| fs::read_to_string(saved.path(what)).unwrap();
        (read("keys"), read("feed"))
    };
    let long = SNAPSHOT_MOST_BYTES as u64 + 1;
    for name in ["empty", "cut off", "zeros", "later", "of another issuer", "something else"] {
        fs::write(saved.path("keys"), damaged(name, &good_keys)).unwrap();
        fs::write(saved.path("feed"), damaged(name, &good_feed)).unwrap();
        for (what, got) in
            [("keys", saved.keys(&issuer()).is_some()), ("feed", saved.feed().is_some())]
        {
            assert!(!got, "{what} {name}");
        }
        assert!(saved.last_error.text().is_some(), "{name}");
        // It is replaced by the next that is written.
        saved.keep_keys(&metadata(), JWKS);
        saved.keep_feed(&snapshot());
        assert!(saved.keys(&issuer()).is_some() && saved.feed().is_some(), "{name}");
        assert_eq!(saved.last_error.text(), None, "{name}");
    }
    File::options().write(true).open(saved.path("feed")).unwrap().set_len(long).unwrap();
    assert!(saved.feed().is_none());
    assert!(saved.last_error.text().unwrap().ends_with("it is too long"));
}

#[test]
fn unsafe_places_in_saved_keys_are_refused_as_from_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let saved = Saved::open(folder.path(), ISSUER).unwrap();
    let jwks_uri = "http://issuer.example/keys".to_owned();
    saved.keep_keys(&Metadata { jwks_uri, ..metadata() }, JWKS);
    assert!(saved.keys(&issuer()).is_none());
}

#[test]
fn a_folder_that_cannot_be_written_is_loud_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("state");
    let saved = full(&inside);
    fs::remove_dir_all(&inside).unwrap();
    saved.keep_feed(&snapshot());
    assert!(saved.last_error.text().is_some());
    fs::create_dir(&inside).unwrap();
    saved.keep_feed(&snapshot());
    assert_eq!(saved.last_error.text(), None);

    fs::write(folder.path().join("file"), "").unwrap();
    assert!(Saved::open(&folder.path().join("file"), ISSUER).is_err());
}
