//! The revocation feed: the snapshot, and the stream of events however it is cut into pieces.

use hallpass_token::{
    feed::{Snapshot, SseReader},
    revocation::RevocationSet,
};
use serde_json::Value;

use crate::target::{Target, Verdict, must};

const VECTORS: &str = include_str!("../../../crates/token/vectors/feed.json");
const WORDS: &[&str] = &[
    "\"h\":\"-0jdvl0TAKXnoFPtd0RYcQ\"",
    "\"t\":",
    "\"k\":\"kid\"",
    "\"o\":",
    "\"gens\":[1,2]",
    "\"gens\":[]",
    "\"until\":18446744073709551615",
    "\"before\":0",
    "\"seq\":1",
    "null",
    "event: revocation\n",
    "event: heartbeat\n",
    "event: reset\n",
    "data: ",
    "id: 7\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{FEFF}",
    ": comment\n",
];

/// What is understood is written as it was read, and can be applied.
fn snapshot(json: &[u8]) -> Verdict {
    let Ok(read) = Snapshot::from_json(json) else { return Ok(()) };
    let mut set = RevocationSet::default();
    set.replace(&read.snapshot);
    let written = serde_json::to_vec(&read.snapshot).map_err(|why| why.to_string())?;
    let again = Snapshot::from_json(&written).map_err(|why| why.to_string())?;
    must(again.snapshot == read.snapshot && again.not_understood.is_empty(), || {
        format!("{:?} was written and read back as {again:?}", read.snapshot)
    })
}

/// Where a stream is cut makes no difference.
fn stream(bytes: &[u8]) -> Verdict {
    let whole = SseReader::new().push(bytes);
    let mut reader = SseReader::new();
    // The first bytes say where: any cut comes with time.
    let step = 1 + usize::from(bytes.first().copied().unwrap_or(0) % 61);
    let pieces: Vec<_> = bytes.chunks(step).flat_map(|piece| reader.push(piece)).collect();
    must(pieces == whole, || format!("{whole:?} in pieces of {step} is {pieces:?}"))
}

pub(super) fn targets() -> anyhow::Result<Vec<Target>> {
    let vectors: Value = serde_json::from_str(VECTORS)?;
    let steps = vectors["steps"].as_array().into_iter().flatten();
    let mut snapshots: Vec<String> =
        steps.filter_map(|step| step.get("replace")).map(Value::to_string).collect();
    snapshots.push(
        r#"{"seq":8,"as_of":1795496409,"entries":[
            {"t":"2BfnsWHNGDWl_xmH4-nr8A","until":1795583106},
            {"h":"-0jdvl0TAKXnoFPtd0RYcQ","gens":[1,2],"until":1795604709},
            {"k":"kid","until":1795604709},
            {"o":"i8NewfNCY-3AxbhJhlFMRQ","before":1795496409,"until":1795604709}]}"#
            .to_owned(),
    );
    let stream_text = vectors["stream"]["text"].as_str().unwrap_or_default().to_owned();
    let streams = [
        stream_text,
        "event: revocation\nid: 9\ndata: {\"h\":\"-0jdvl0TAKXnoFPtd0RYcQ\",\"until\":1,\"seq\":9}\n\n\
         event: heartbeat\ndata: {\"seq\":9,\"as_of\":1795496411}\n\n\
         event: reset\ndata: {\"seq\":9}\n\n"
            .to_owned(),
    ];
    Ok(vec![
        Target::new("feed-snapshot", snapshots, WORDS, snapshot),
        Target::new("feed-stream", streams, WORDS, stream),
    ])
}
