//! The snapshot, and how it is asked for again.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use hallpass_token::feed::Snapshot;

use crate::{
    feed::{Answer, Http},
    report::Report,
};

/// How far clocks may be apart, in seconds.
const CLOCKS_APART_S: u64 = 300;

/// From here on a reader is blind, in seconds.
const BLIND_AFTER_S: u64 = 5;

/// A snapshot, and by what it is asked for again.
pub(crate) struct Seen {
    pub(crate) seq: u64,
    pub(crate) etag: Option<String>,
    pub(crate) snapshot: Snapshot,
}

/// Gets the snapshot, if it is understood whole.
pub(crate) async fn get(http: &Http, feed: &str) -> Result<(Answer, Seen), String> {
    let answer = http.answer(http.get(feed)).await?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(format!("its Content-Type is {kind:?}"));
    }
    let read = Snapshot::from_json(&answer.body).map_err(|why| why.to_string())?;
    if let Some(bad) = read.not_understood.first() {
        return Err(format!("an entry is not understood: {bad}"));
    }
    let etag = answer.header("etag").map(str::to_owned);
    let snapshot = read.snapshot;
    Ok((answer, Seen { seq: snapshot.seq, etag, snapshot }))
}

/// Everything about the snapshot.
pub(crate) async fn check(http: &Http, feed: &str, report: &mut Report) -> Option<Seen> {
    let (answer, seen) = report.note("the snapshot is understood whole", get(http, feed).await)?;
    report.note("each identity has one entry", one_each(&seen.snapshot));
    let now_s = now_s();
    let as_of = as_of(&answer, &seen.snapshot);
    report.note("hallpass-as-of says when", as_of.clone().map(drop));
    let as_of = as_of.unwrap_or(seen.snapshot.as_of);
    report.note("as_of is now", is_now(as_of, now_s));
    report.note("the ETag is a weak one", weak(&answer));
    report.note("caches must ask (Cache-Control: no-cache)", no_cache(&answer));
    report.note("asked again by its ETag it answers 304", again(http, feed, &seen).await);
    Some(seen)
}

fn one_each(snapshot: &Snapshot) -> Result<(), String> {
    let mut known = HashSet::new();
    match snapshot.entries.iter().find(|entry| !known.insert(entry.key())) {
        Some(twice) => Err(format!("{} is there twice", twice.key())),
        None => Ok(()),
    }
}

fn as_of(answer: &Answer, snapshot: &Snapshot) -> Result<u64, String> {
    let text = answer.header("hallpass-as-of").ok_or("the header is missing")?;
    let header: u64 = text.parse().map_err(|_| format!("it is {text:?}, and no number"))?;
    if header < snapshot.as_of {
        return Err(format!("it is {header}, earlier than the body's {}", snapshot.as_of));
    }
    Ok(header)
}

fn is_now(as_of: u64, now_s: u64) -> Result<(), String> {
    if as_of > now_s + CLOCKS_APART_S {
        return Err(format!("it is {} s ahead of this clock", as_of - now_s));
    }
    let behind = now_s.saturating_sub(as_of);
    if behind > BLIND_AFTER_S {
        return Err(format!("it is {behind} s old: its readers are blind, or clocks differ"));
    }
    Ok(())
}

fn weak(answer: &Answer) -> Result<(), String> {
    match answer.header("etag") {
        None => Err("there is none".to_owned()),
        Some(etag) if etag.starts_with("W/\"") && etag.ends_with('"') => Ok(()),
        Some(etag) => Err(format!("it is {etag}: bodies of the same set may differ")),
    }
}

fn no_cache(answer: &Answer) -> Result<(), String> {
    let says = answer.header("cache-control").unwrap_or_default();
    let asks = says.split(',').any(|word| word.trim().eq_ignore_ascii_case("no-cache"));
    if asks { Ok(()) } else { Err(format!("it says {says:?}")) }
}

async fn again(http: &Http, feed: &str, seen: &Seen) -> Result<(), String> {
    let etag = seen.etag.clone().ok_or("it has no ETag")?;
    let answer = http.answer(http.get(feed).header("if-none-match", etag)).await?;
    match answer.status {
        // Something died in between.
        200 if get(http, feed).await?.1.seq > seen.seq => Ok(()),
        304 if answer.header("hallpass-as-of").is_none() => {
            Err("the 304 has no hallpass-as-of: nobody knows how fresh it is".to_owned())
        }
        304 if !answer.body.is_empty() => Err("the 304 has a body".to_owned()),
        304 => Ok(()),
        other => Err(format!("it answers {other}")),
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no clock to be given here")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
