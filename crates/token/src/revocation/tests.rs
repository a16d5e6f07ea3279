//! Verdicts, checked against the vectors that other readers use too, and what they cost in memory.

use serde_json::Value;

use super::*;
use crate::{
    fixture::{NOW_S, payload},
    verify::LEEWAY_MAX_S,
};

/// Also for those who write another reader of the feed.
const VECTORS: &str = include_str!("../../vectors/feed.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of[name].as_str()
}

fn presented(token: &Value) -> Presented<'_> {
    Presented {
        client: Handle::of(text(token, "client_id").unwrap()),
        jti: Handle::of(text(token, "jti").unwrap()),
        kid: text(token, "kid").unwrap(),
        generation: token["gen"].as_u64().map(|number| number as u32),
        organization: text(token, "org").map(Handle::of),
        iat_s: token["iat"].as_u64().unwrap(),
    }
}

fn word(death: Death) -> &'static str {
    match death {
        Death::Credential => "credential",
        Death::Generation => "generation",
        Death::Token => "token",
        Death::Key => "key",
        Death::Organization => "organization",
    }
}

fn credential(number: u32, generations: Option<Vec<u32>>, until_s: u64) -> Entry {
    let handle = Handle::of(&number.to_string());
    Entry { subject: Subject::Credential { handle, generations }, until_s }
}

#[test]
fn handles_are_those_of_the_vectors() {
    for vector in vectors()["handles"].as_array().unwrap() {
        let (of, written) = (text(vector, "of").unwrap(), text(vector, "handle").unwrap());
        let handle = Handle::of(of);
        assert_eq!(handle.to_string(), written);
        assert_eq!(written.parse(), Ok(handle));
        assert_eq!(serde_json::to_value(handle).unwrap(), vector["handle"]);
        assert_eq!(serde_json::from_value::<Handle>(vector["handle"].clone()).unwrap(), handle);
        assert_eq!(Handle::from(*handle.as_bytes()), handle);
    }
}

#[test]
fn a_handle_has_one_spelling() {
    let good = Handle::of("reports").to_string();
    let spellings = [
        String::new(),
        format!("{good}=="),
        format!(" {good}"),
        good[..21].to_owned(),
        format!("{good}A"),
        format!("{}x", &good[..21]),
        "+".repeat(22),
    ];
    for bad in spellings {
        assert_eq!(bad.parse::<Handle>(), Err(BadHandle), "{bad}");
    }
}

#[test]
fn verdicts_are_those_of_the_vectors() {
    let mut set = RevocationSet::default();
    for step in vectors()["steps"].as_array().unwrap() {
        let say = text(step, "say").unwrap();
        if let Some(entry) = step.get("apply") {
            set.apply(&Entry::from_json(entry.to_string().as_bytes()).unwrap());
        }
        if let Some(snapshot) = step.get("replace") {
            let read = Snapshot::from_json(snapshot.to_string().as_bytes()).unwrap();
            assert!(read.not_understood.is_empty(), "{say}");
            set.replace(&read.snapshot);
        }
        for check in step["checks"].as_array().unwrap() {
            let now_s = check["now"].as_u64().unwrap();
            let token = presented(&check["token"]);
            let verdict = set.verdict(&token, now_s).map(word);
            assert_eq!(verdict, text(check, "verdict"), "{say} {check}");
            let mut pruned = set.clone();
            pruned.prune(now_s);
            assert_eq!(pruned.verdict(&token, now_s).map(word), verdict, "pruned: {say} {check}");
        }
    }
}

#[test]
fn an_entry_counts_once_and_leaves_when_its_time_has_come() {
    let mut set = RevocationSet::default();
    assert!(set.is_empty());
    let handle = Handle::of("1");
    let entries = [
        credential(1, None, 10),
        credential(1, Some(vec![1]), 20),
        Entry { subject: Subject::Token { handle }, until_s: 30 },
        Entry { subject: Subject::Organization { handle, before_s: None }, until_s: 40 },
        Entry { subject: Subject::Key { kid: "a".to_owned() }, until_s: 1 },
        Entry { subject: Subject::Key { kid: "a".to_owned() }, until_s: 50 },
        Entry { subject: Subject::Key { kid: "b".to_owned() }, until_s: 60 },
    ];
    entries.iter().for_each(|entry| set.apply(entry));
    for (now_s, len) in [(0, 5), (19, 5), (20, 4), (30, 3), (40, 2), (50, 1), (59, 1), (60, 0)] {
        set.prune(now_s);
        assert_eq!(set.len(), len, "at {now_s}");
    }
    assert!(set.is_empty());
}

#[test]
fn a_dead_token_cannot_rise_within_the_leeway_of_any_policy() {
    let exp = NOW_S;
    let set = {
        let mut set = RevocationSet::default();
        set.apply(&credential(1, None, crate::feed::until_s(exp)));
        set
    };
    let token = Presented {
        client: Handle::of("1"),
        jti: Handle::of("2"),
        kid: "k",
        generation: None,
        organization: None,
        iat_s: 0,
    };
    let last_accepted_s = exp + LEEWAY_MAX_S - 1;
    assert_eq!(set.verdict(&token, last_accepted_s), Some(Death::Credential));
    assert_eq!(set.verdict(&token, last_accepted_s + 1), None);
}

#[test]
fn what_is_presented_is_hashed_from_the_claims() {
    let claims = Claims::parse(&payload()).unwrap();
    let expected = Presented {
        client: Handle::of("reports"),
        jti: Handle::of("01jd7"),
        kid: "k",
        generation: Some(3),
        organization: Some(Handle::of("acme")),
        iat_s: NOW_S,
    };
    assert_eq!(Presented::of(&claims, "k"), expected);
}

#[test]
fn a_hundred_thousand_entries_take_less_than_8_mb() {
    const COUNT: u32 = 100_000;
    let mut set = RevocationSet::default();
    for number in 0..COUNT {
        set.apply(&credential(number, Some(vec![1, 2, 3]), NOW_S));
    }
    assert_eq!(set.len(), COUNT as usize);
    // The table of the standard library: a power of two of places, at most 7 of 8 in use, each
    // with one more byte for control. Three generations need no allocation of their own.
    let places = (set.credentials.capacity() * 8 / 7).next_power_of_two();
    let bytes = places * (size_of::<(Handle, DeadCredential)>() + 1);
    assert!(bytes < 8_000_000, "{bytes} bytes");
    assert_eq!(size_of::<Generations>(), 16);

    set.prune(NOW_S);
    assert_eq!((set.len(), set.credentials.capacity()), (0, 0), "memory is given back");
}

#[test]
fn the_hasher_spreads_other_keys_too() {
    let mut a = HandleHasher::default();
    let mut b = HandleHasher::default();
    a.write(b"ab");
    b.write(b"ba");
    assert_ne!(a.finish(), b.finish());
}
