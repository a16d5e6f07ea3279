//! A death, from its acknowledgement to the feed.

use std::time::Duration;

use hallpass_token::feed::{Entry, Event};
use tokio::time::{Instant, timeout};

use crate::{
    Kill,
    feed::{Http, Stream},
    report::Report,
    snapshot,
    stream::{HEARTBEAT_WITHIN, up_to_heartbeat},
};

/// What the specification promises.
pub(crate) const ARRIVES: &str = "a death is in the stream within a second";

const PROMISED: Duration = Duration::from_secs(1);

/// For whoever kills.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Has something killed, and sees it arrive.
pub(crate) async fn check(http: &Http, feed: &str, kill: Kill, report: &mut Report) {
    let arrived = arrives(http, feed, kill).await;
    let Some((seq, entry, etag)) = report.note(ARRIVES, arrived) else { return };
    report
        .note("and in the snapshot, under a new ETag", shown(http, feed, seq, &entry, etag).await);
}

type Arrived = (u64, Entry, Option<String>);

async fn arrives(http: &Http, feed: &str, kill: Kill) -> Result<Arrived, String> {
    let (_, before) = snapshot::get(http, feed).await?;
    let url = format!("{feed}/stream?after={}", before.seq);
    let mut stream = http.join(http.get(&url)).await?;
    let seq = up_to_heartbeat(&mut stream, before.seq).await?;
    // Read while it is killed: it may arrive before its acknowledgement.
    let reading = tokio::spawn(async move { (next_death(&mut stream).await, Instant::now()) });
    let killed = timeout(ACKNOWLEDGED_WITHIN, kill).await;
    killed.map_err(|_| "nothing was killed within a minute".to_owned())??;
    let acknowledged = Instant::now();
    let (death, at) = reading.await.map_err(|why| why.to_string())?;
    let (number, entry) = death?;
    if number != seq + 1 {
        return Err(format!("its number is {number}, and {seq} was the last"));
    }
    let took = at.saturating_duration_since(acknowledged);
    if took > PROMISED {
        return Err(format!("it took {:.1} s", took.as_secs_f64()));
    }
    Ok((number, entry, before.etag))
}

async fn next_death(stream: &mut Stream) -> Result<(u64, Entry), String> {
    let begun = Instant::now();
    loop {
        match stream.next(HEARTBEAT_WITHIN).await? {
            Event::Revocation { seq, entry } => return Ok((seq, entry)),
            Event::Reset { .. } => return Err("the stream says reset".to_owned()),
            Event::Heartbeat { .. } if begun.elapsed() > ACKNOWLEDGED_WITHIN + PROMISED => {
                return Err("none came".to_owned());
            }
            Event::Heartbeat { .. } => {}
        }
    }
}

async fn shown(
    http: &Http,
    feed: &str,
    seq: u64,
    entry: &Entry,
    etag: Option<String>,
) -> Result<(), String> {
    let request = etag.iter().fold(http.get(feed), |get, etag| get.header("if-none-match", etag));
    let answer = http.answer(request).await?;
    if answer.status != 200 {
        return Err(format!("asked by the ETag from before it answers {}", answer.status));
    }
    let (_, after) = snapshot::get(http, feed).await?;
    let is_there = after.snapshot.entries.iter().any(|one| one.key() == entry.key());
    if after.seq < seq || !is_there {
        return Err(format!("number {} has {} not", after.seq, entry.key()));
    }
    Ok(())
}
