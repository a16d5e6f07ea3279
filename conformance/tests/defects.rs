//! A small feed that is right, and the same with one defect at a time: each is found, by the demand
//! that it breaks, and by no other that has nothing to do with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use conformance::{Kill, Report, check};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Defect {
    None,
    OtherIssuer,
    NoFeed,
    Garbled,
    UnknownEntry,
    TwiceTheSame,
    NoAsOf,
    OldAsOf,
    StrongEtag,
    Cached,
    Never304,
    BareNotModified,
    NoStream,
    LosesOne,
    NoHeartbeat,
    HeartbeatAhead,
    AsOfGoesBack,
    NeverResets,
    IgnoresLastEventId,
    BeginsAtZero,
    TakesAnything,
    LateDeath,
    SkipsANumber,
    StaleSnapshot,
}

/// The feed's state: numbers 1 and 2 have died, and 3 may.
struct Feed {
    defect: Defect,
    issuer: String,
    seq: Mutex<u64>,
}

type Shared = Arc<Feed>;

#[expect(clippy::disallowed_methods, reason = "a feed says what time it is")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn entry(number: u64) -> Value {
    let handle = format!("AAAAAAAAAAAAAAAAAAAAA{}", ["A", "Q", "g", "w"][number as usize % 4]);
    json!({ "h": handle, "until": now_s() + 1000 })
}

impl Feed {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn seq(&self) -> u64 {
        *self.seq.lock().unwrap()
    }

    fn revocation(number: u64) -> String {
        let mut data = entry(number);
        data["seq"] = number.into();
        format!("event: revocation\nid: {number}\ndata: {data}\n\n")
    }

    fn heartbeat(&self, beat: u64) -> String {
        let seq = self.seq() + u64::from(self.is(Defect::HeartbeatAhead));
        let as_of = if self.is(Defect::AsOfGoesBack) { now_s() - beat * 10 } else { now_s() };
        format!("event: heartbeat\ndata: {}\n\n", json!({ "seq": seq, "as_of": as_of }))
    }
}

async fn metadata(State(feed): State<Shared>) -> Json<Value> {
    let issuer = if feed.is(Defect::OtherIssuer) { "https://other.example" } else { &feed.issuer };
    let mut all = json!({ "issuer": issuer });
    if !feed.is(Defect::NoFeed) {
        all["revocation_feed_uri"] = format!("{}/revocations", feed.issuer).into();
    }
    Json(all)
}

async fn snapshot(State(feed): State<Shared>, headers: HeaderMap) -> Response {
    let seq = if feed.is(Defect::StaleSnapshot) { 2 } else { feed.seq() };
    let etag = match feed.defect {
        Defect::StrongEtag => format!("\"{seq}\""),
        _ => format!("W/\"{seq}\""),
    };
    let as_of = if feed.is(Defect::OldAsOf) { now_s() - 60 } else { now_s() };
    let mut answer = Response::builder().header("etag", &etag);
    let cache = if feed.is(Defect::Cached) { "max-age=60" } else { "no-cache" };
    answer = answer.header("cache-control", cache).header("content-type", "application/json");
    let is_known = headers.get("if-none-match").is_some_and(|known| *known == *etag);
    let is_known = is_known && !feed.is(Defect::Never304);
    if !(feed.is(Defect::NoAsOf) || is_known && feed.is(Defect::BareNotModified)) {
        answer = answer.header("hallpass-as-of", as_of);
    }
    if is_known {
        return answer.status(304).body(Body::empty()).unwrap();
    }
    let mut entries: Vec<_> = (1..=seq).map(entry).collect();
    match feed.defect {
        Defect::TwiceTheSame => entries.push(entry(1)),
        Defect::UnknownEntry => entries.push(json!({ "z": "x", "until": 1 })),
        _ => {}
    }
    let mut body = json!({ "seq": seq, "as_of": as_of, "entries": entries }).to_string();
    if feed.is(Defect::Garbled) {
        body.truncate(body.len() / 2);
    }
    answer.body(body.into()).unwrap()
}

async fn follow(
    State(feed): State<Shared>,
    Query(place): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if feed.is(Defect::NoStream) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let seq = feed.seq();
    let by_header = headers.get("last-event-id").filter(|_| !feed.is(Defect::IgnoresLastEventId));
    let by_header = by_header.map(|id| id.to_str().unwrap().to_owned());
    let after = match by_header.or(place.get("after").cloned()).map(|text| text.parse::<u64>()) {
        None if feed.is(Defect::BeginsAtZero) => 0,
        None => seq,
        Some(Ok(number)) => number,
        Some(Err(_)) if feed.is(Defect::TakesAnything) => seq,
        Some(Err(_)) => {
            let body = json!({ "error": "invalid_request" });
            return (StatusCode::BAD_REQUEST, Json(body)).into_response();
        }
    };
    let mut first = String::new();
    if after > seq && !feed.is(Defect::NeverResets) {
        first.push_str(&format!("event: reset\ndata: {{\"seq\":{seq}}}\n\n"));
    }
    for number in after + 1..=seq {
        if !(feed.is(Defect::LosesOne) && number == 1) {
            first.push_str(&Feed::revocation(number));
        }
    }
    if !feed.is(Defect::NoHeartbeat) {
        first.push_str(&feed.heartbeat(0));
    }
    let events = stream::unfold((feed, seq, 1), async |(feed, told, beat)| {
        // tidy: allow-sleep a feed says something from time to time
        tokio::time::sleep(Duration::from_millis(100)).await;
        let seq = feed.seq();
        let mut text = String::new();
        if seq > told {
            if feed.is(Defect::LateDeath) {
                // tidy: allow-sleep this one is late
                tokio::time::sleep(Duration::from_millis(1500)).await;
            }
            text.push_str(&Feed::revocation(seq + u64::from(feed.is(Defect::SkipsANumber))));
        }
        if !feed.is(Defect::NoHeartbeat) {
            text.push_str(&feed.heartbeat(beat));
        }
        Some((text, (feed, seq, beat + 1)))
    });
    let all = stream::iter([first]).chain(events);
    let all = all.map(|text| Ok::<_, Infallible>(Bytes::from(text)));
    ([("content-type", "text/event-stream")], Body::from_stream(all)).into_response()
}

async fn report_of(defect: Defect) -> Report {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let feed = Arc::new(Feed { defect, issuer: issuer.clone(), seq: Mutex::new(2) });
    let router = Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/revocations", get(snapshot))
        .route("/revocations/stream", get(follow))
        .with_state(feed.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let kill: Kill = Box::pin(async move {
        *feed.seq.lock().unwrap() += 1;
        Ok(())
    });
    let report = check(&issuer, Some(kill)).await;
    serving.abort();
    report
}

#[tokio::test]
async fn a_feed_that_is_right_breaks_nothing() {
    let report = report_of(Defect::None).await;
    assert_eq!(report.broken().collect::<Vec<_>>(), Vec::<&conformance::Line>::new());
    assert!(report.lines.len() >= 15, "{report}");
}

#[tokio::test]
async fn every_defect_is_found() {
    let all = [
        (Defect::OtherIssuer, "metadata name the issuer and its feed"),
        (Defect::NoFeed, "metadata name the issuer and its feed"),
        (Defect::Garbled, "the snapshot is understood whole"),
        (Defect::UnknownEntry, "the snapshot is understood whole"),
        (Defect::TwiceTheSame, "each identity has one entry"),
        (Defect::NoAsOf, "hallpass-as-of says when"),
        (Defect::OldAsOf, "as_of is now"),
        (Defect::StrongEtag, "the ETag is a weak one"),
        (Defect::Cached, "caches must ask (Cache-Control: no-cache)"),
        (Defect::Never304, "asked again by its ETag it answers 304"),
        (Defect::BareNotModified, "asked again by its ETag it answers 304"),
        (Defect::NoStream, "the stream can be joined"),
        (Defect::LosesOne, "from the beginning it misses nothing, or says so"),
        (Defect::NoHeartbeat, "joined after the snapshot's number it misses nothing"),
        (Defect::HeartbeatAhead, "joined after the snapshot's number it misses nothing"),
        (Defect::AsOfGoesBack, "heartbeats come within 4 seconds"),
        (Defect::NeverResets, "after a number that is not there yet it says reset"),
        (Defect::IgnoresLastEventId, "Last-Event-ID counts in place of after"),
        (Defect::BeginsAtZero, "without a number it begins now"),
        // Whoever reads that to its end reads for ever.
        (Defect::TakesAnything, "what is no number is refused"),
        (Defect::LateDeath, "a death is in the stream within a second"),
        (Defect::SkipsANumber, "a death is in the stream within a second"),
        (Defect::StaleSnapshot, "and in the snapshot, under a new ETag"),
    ];
    let reports = join_all(all.iter().map(|(defect, _)| report_of(*defect))).await;
    for ((defect, demand), report) in all.iter().zip(reports) {
        let is_found = report.broken().any(|line| line.what == *demand);
        assert!(is_found, "{defect:?} is not found:\n{report}");
    }
}
