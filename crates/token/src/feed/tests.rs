//! Entries and snapshots, checked against the vectors that other readers use too.

use serde_json::{Value, json};

use super::*;

/// Also for those who write another reader of the feed.
const VECTORS: &str = include_str!("../../vectors/feed.json");

fn read(entry: &Value) -> Result<Entry, &'static str> {
    Entry::from_json(entry.to_string().as_bytes()).map_err(|bad| match bad {
        BadEntry::Malformed(_) => "malformed",
        BadEntry::UnknownSubject => "unknown",
        BadEntry::Ambiguous => "ambiguous",
    })
}

#[test]
fn entries_are_written_as_they_are_read() {
    let handle = Handle::of("reports");
    let kid = || "key-1".to_owned();
    for (subject, json, key) in [
        (
            Subject::Credential { handle, generations: None },
            format!(r#"{{"h":"{handle}","until":7}}"#),
            format!("h:{handle}"),
        ),
        (
            Subject::Credential { handle, generations: Some(vec![2, 1]) },
            format!(r#"{{"h":"{handle}","gens":[2,1],"until":7}}"#),
            format!("h:{handle}"),
        ),
        (
            Subject::Token { handle },
            format!(r#"{{"t":"{handle}","until":7}}"#),
            format!("t:{handle}"),
        ),
        (Subject::Key { kid: kid() }, r#"{"k":"key-1","until":7}"#.into(), "k:key-1".into()),
        (
            Subject::Organization { handle, before_s: None },
            format!(r#"{{"o":"{handle}","until":7}}"#),
            format!("o:{handle}"),
        ),
        (
            Subject::Organization { handle, before_s: Some(5) },
            format!(r#"{{"o":"{handle}","before":5,"until":7}}"#),
            format!("o:{handle}"),
        ),
    ] {
        let entry = Entry { subject, until_s: 7 };
        assert_eq!(serde_json::to_string(&entry).unwrap(), json);
        assert_eq!(Entry::from_json(json.as_bytes()), Ok(entry.clone()));
        assert_eq!(entry.key(), key);
    }
}

#[test]
fn what_is_not_understood_is_never_half_applied() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for vector in vectors["not_understood"].as_array().unwrap() {
        let why = vector["why"].as_str().unwrap();
        assert_eq!(read(&vector["entry"]), Err(why), "{vector}");
    }
    let twice = format!(r#"{{"h":"{0}","h":"{0}","until":7}}"#, Handle::of("a"));
    for text in [&twice, "", "[]", "null", "7"] {
        assert!(matches!(Entry::from_json(text.as_bytes()), Err(BadEntry::Malformed(_))), "{text}");
    }
}

#[test]
fn a_snapshot_is_written_as_it_is_read() {
    let entry = Entry { subject: Subject::Key { kid: "a".to_owned() }, until_s: 9 };
    let snapshot = Snapshot { seq: 3, as_of: 8, entries: vec![entry] };
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(json, r#"{"seq":3,"as_of":8,"entries":[{"k":"a","until":9}]}"#);
    let read = Snapshot::from_json(json.as_bytes()).unwrap();
    assert_eq!(read, ReadSnapshot { snapshot, not_understood: Vec::new() });
}

#[test]
fn a_bad_entry_leaves_the_others_and_is_told() {
    let handle = Handle::of("a").to_string();
    let snapshot = json!({
        "seq": 3,
        "as_of": 8,
        "entries": [
            {"k": "a", "until": 9},
            {"new": "kind", "until": 9},
            {"h": handle, "t": handle, "until": 9},
            null,
            {"t": handle, "until": 9},
        ],
        "more": true,
    });
    let read = Snapshot::from_json(snapshot.to_string().as_bytes()).unwrap();
    let keys: Vec<_> = read.snapshot.entries.iter().map(Entry::key).collect();
    assert_eq!(keys, ["k:a".to_owned(), format!("t:{handle}")]);
    assert_eq!(
        read.not_understood,
        [BadEntry::UnknownSubject, BadEntry::Ambiguous, BadEntry::Malformed("not an object")]
    );
}

#[test]
fn what_is_not_a_snapshot_is_refused() {
    for (text, good) in [
        (r#"{"seq":0,"as_of":0,"entries":[]}"#, true),
        (r#"{"as_of":0,"entries":[]}"#, false),
        (r#"{"seq":0,"entries":[]}"#, false),
        (r#"{"seq":0,"as_of":0}"#, false),
        (r#"{"seq":0,"seq":1,"as_of":0,"entries":[]}"#, false),
        (r#"{"seq":-1,"as_of":0,"entries":[]}"#, false),
        (r#"{"seq":"0","as_of":0,"entries":[]}"#, false),
        (r#"{"seq":0,"as_of":0.5,"entries":[]}"#, false),
        (r#"{"seq":0,"as_of":0,"entries":{}}"#, false),
        (r#"{"seq":0,"as_of":0,"entries":[]"#, false),
        ("<html>", false),
        ("", false),
    ] {
        assert_eq!(Snapshot::from_json(text.as_bytes()).is_ok(), good, "{text}");
    }
}

#[test]
fn an_entry_outlives_its_last_token_by_the_largest_leeway() {
    assert_eq!(until_s(1000), 1000 + LEEWAY_MAX_S);
    assert_eq!(until_s(u64::MAX), u64::MAX);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Entry::from_json(&bytes);
        let _ = Snapshot::from_json(&bytes);
    }

    #[test]
    fn an_entry_comes_back_as_it_was(
        kind in 0..4,
        bytes: [u8; 16],
        kid: String,
        generations: Option<Vec<u32>>,
        before_s: Option<u64>,
        until_s: u64,
    ) {
        let handle = Handle::from(bytes);
        let subject = match kind {
            0 => Subject::Credential { handle, generations },
            1 => Subject::Token { handle },
            2 => Subject::Key { kid },
            _ => Subject::Organization { handle, before_s },
        };
        let entry = Entry { subject, until_s };
        let json = serde_json::to_vec(&entry).unwrap();
        proptest::prop_assert_eq!(Entry::from_json(&json), Ok(entry));
    }
}
