//! The stream: where it begins, that it goes on, and that no number is missing.

use std::time::{Duration, Instant};

use hallpass_token::feed::Event;
use serde_json::Value;

use crate::{
    feed::{Http, Stream},
    report::Report,
};

/// From joining to the first heartbeat, and from any to the next: 4 seconds, and what a network
/// takes.
pub(crate) const HEARTBEAT_WITHIN: Duration = Duration::from_millis(4500);

/// A place that no feed has reached.
const FAR_AHEAD: u64 = 1_000_000;

/// Heartbeats that are waited for.
const HEARTBEATS: usize = 3;

/// Events between two heartbeats that are read at most: more are no answer.
const EVENTS_AT_MOST: usize = 1_000_000;

/// Everything about the stream, joined after the number that the snapshot has.
pub(crate) async fn check(http: &Http, feed: &str, seq: u64, report: &mut Report) {
    let after = |place: &str| format!("{feed}/stream?after={place}");
    let joined = http.join(http.get(&after(&seq.to_string()))).await;
    if let Some(mut stream) = report.note("the stream can be joined", joined) {
        let caught_up = up_to_heartbeat(&mut stream, seq).await;
        report.note("joined after the snapshot's number it misses nothing", caught_up);
        report.note("heartbeats come within 4 seconds", heartbeats(&mut stream).await);
    }
    report.note(
        "from the beginning it misses nothing, or says so",
        from_the_beginning(http, &after("0"), seq).await,
    );
    let ahead = after(&(seq + FAR_AHEAD).to_string());
    report.note("after a number that is not there yet it says reset", resets(http, &ahead).await);
    let by_header = http.get(&ahead).header("last-event-id", seq.to_string());
    let joined = http.join(by_header).await;
    let caught_up = match joined {
        Ok(mut stream) => up_to_heartbeat(&mut stream, seq).await.map(drop),
        Err(why) => Err(why),
    };
    report.note("Last-Event-ID counts in place of after", caught_up);
    report.note("without a number it begins now", begins_now(http, feed, seq).await);
    report.note("what is no number is refused", refuses(http, &after).await);
}

/// Reads up to the first heartbeat: every number after `seq`, in order. Returns the last.
pub(crate) async fn up_to_heartbeat(stream: &mut Stream, seq: u64) -> Result<u64, String> {
    let mut applied = seq;
    for _ in 0..EVENTS_AT_MOST {
        match stream.next(HEARTBEAT_WITHIN).await? {
            Event::Revocation { seq, .. } if seq == applied + 1 => applied = seq,
            Event::Revocation { seq, .. } => {
                return Err(format!("{seq} comes after {applied}"));
            }
            Event::Heartbeat { seq, .. } if seq == applied => return Ok(applied),
            Event::Heartbeat { seq, .. } => {
                return Err(format!("a heartbeat says {seq}, and {applied} came before it"));
            }
            Event::Reset { seq } => return Err(format!("it says reset, at {seq}")),
        }
    }
    Err("no heartbeat comes between a million events".to_owned())
}

/// Heartbeats that come in time, with an `as_of` that goes on.
async fn heartbeats(stream: &mut Stream) -> Result<(), String> {
    let (mut last, mut latest, mut count) = (Instant::now(), 0, 0);
    while count < HEARTBEATS {
        let event = stream.next(HEARTBEAT_WITHIN).await?;
        if last.elapsed() > HEARTBEAT_WITHIN {
            return Err(format!("none came for {:.1} s", last.elapsed().as_secs_f64()));
        }
        if let Event::Heartbeat { as_of, .. } = event {
            if as_of < latest {
                return Err(format!("as_of goes back from {latest} to {as_of}"));
            }
            (last, latest, count) = (Instant::now(), as_of, count + 1);
        }
    }
    Ok(())
}

async fn from_the_beginning(http: &Http, url: &str, seq: u64) -> Result<(), String> {
    let mut stream = http.join(http.get(url)).await?;
    let mut applied = 0;
    loop {
        match stream.next(HEARTBEAT_WITHIN).await? {
            Event::Reset { seq: at } if applied == 0 && at >= seq => return Ok(()),
            Event::Revocation { seq, .. } if seq == applied + 1 => applied = seq,
            Event::Heartbeat { seq: at, .. } if at == applied && at >= seq => return Ok(()),
            event => return Err(format!("after {applied} comes {event:?}")),
        }
    }
}

async fn resets(http: &Http, url: &str) -> Result<(), String> {
    let mut stream = http.join(http.get(url)).await?;
    match stream.next(HEARTBEAT_WITHIN).await? {
        Event::Reset { .. } => Ok(()),
        event => Err(format!("it says {event:?}")),
    }
}

async fn begins_now(http: &Http, feed: &str, seq: u64) -> Result<(), String> {
    let mut stream = http.join(http.get(&format!("{feed}/stream"))).await?;
    match stream.next(HEARTBEAT_WITHIN).await? {
        Event::Heartbeat { seq: at, .. } if at >= seq => Ok(()),
        Event::Revocation { seq: at, .. } if at > seq => Ok(()),
        event => Err(format!("it begins with {event:?}, and {seq} was there before")),
    }
}

async fn refuses(http: &Http, after: &impl Fn(&str) -> String) -> Result<(), String> {
    for place in ["x", "-1", "1.5", "99999999999999999999"] {
        let answer = http.answer(http.get(&after(place))).await;
        let answer = answer.map_err(|why| format!("after={place}: {why}"))?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status != 400 || body["error"] != "invalid_request" {
            return Err(format!("after={place} is answered {} {body}", answer.status));
        }
    }
    Ok(())
}
