//! The feed goes wrong in every way. Until it was read nothing passes; once it was, deaths are
//! heard of all the same, and nothing is ever taken for fresh that is not.

use std::time::{Duration, Instant};

use hallpass_token::{
    feed::{Entry, Event, Subject},
    revocation::Handle,
};
use hallpass_verifier::Verifier;
use serde_json::json;

use crate::{
    api::Api,
    freshness::sees,
    issuer::{Issuer, NOW_S, SNAPSHOT, STREAM, hasty},
    trouble::{EVENTS, JSON, Trouble, until, within},
};

/// A verifier that gives up a silent stream soon.
async fn verifier(issuer: &Issuer) -> Verifier {
    let mut timing = hasty();
    timing.request = Duration::from_millis(300);
    timing.snapshot = Duration::from_millis(300);
    timing.stall = Duration::from_millis(300);
    within("a start", issuer.builder().timing(timing).start()).await.unwrap()
}

fn died(seq: u64) -> String {
    let subject = Subject::Token { handle: Handle::of(&seq.to_string()) };
    Event::Revocation { seq, entry: Entry { subject, until_s: NOW_S + 9 } }.to_sse()
}

fn beat(seq: u64) -> String {
    Event::Heartbeat { seq, as_of: NOW_S }.to_sse()
}

#[tokio::test]
async fn before_the_feed_was_read_nothing_passes_and_afterwards_all_is_well() {
    let whole = json!({"seq": 0, "as_of": NOW_S, "entries": []}).to_string();
    let says = |text: &str| Trouble::Says(JSON, text.to_owned());
    for trouble in [
        Trouble::Status(500),
        Trouble::Status(404),
        Trouble::Status(204),
        // Nobody said what was known.
        Trouble::Status(304),
        says(""),
        says("<html>"),
        says("[]"),
        says("{}"),
        says(&whole[..whole.len() - 1]),
        says(r#"{"seq":-1,"as_of":1,"entries":[]}"#),
        says(r#"{"seq":1,"as_of":1.5,"entries":[]}"#),
        says(r#"{"seq":1,"seq":2,"as_of":1,"entries":[]}"#),
        says(r#"{"seq":1,"as_of":1,"entries":{}}"#),
        says(&format!("{whole}{whole}")),
        says(&"[".repeat(100_000)),
        Trouble::Breaks(JSON, whole.clone()),
        Trouble::Breaks(JSON, whole[..9].to_owned()),
        Trouble::Hangs(JSON, whole[..9].to_owned()),
        Trouble::Endless(JSON, " ".repeat(4096)),
        Trouble::Silent,
        Trouble::Moved("/elsewhere".to_owned()),
    ] {
        let issuer = Issuer::start().await;
        let seq = issuer.kill_credential("dead");
        issuer.misbehave(SNAPSHOT, trouble.clone());
        let verifier = verifier(&issuer).await;
        let api = Api::start(&verifier).await;
        let alive = issuer.token();
        let dead = issuer.token_but(json!({"client_id": "dead", "sub": "dead"}));
        issuer.is_asked(SNAPSHOT, 2).await;
        assert_eq!((api.status(&alive).await, api.status(&dead).await), (503, 503), "{trouble:?}");
        assert_eq!(issuer.asked("/elsewhere"), 0);
        let now = verifier.status();
        assert!(!now.ready && now.feed.blind && now.last_feed_error.is_some(), "{trouble:?}");

        issuer.behave();
        within("readiness", verifier.wait_ready()).await;
        within("what died", verifier.applied(seq)).await;
        assert_eq!((api.status(&alive).await, api.status(&dead).await), (200, 401), "{trouble:?}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_the_stream_a_death_is_heard_of() {
    let events = |texts: &[String]| Trouble::Hangs(EVENTS, texts.concat());
    let ends = |texts: &[String]| Trouble::Says(EVENTS, texts.concat());
    let reset = || Event::Reset { seq: 0 }.to_sse();
    let text = |text: &str| vec![text.to_owned()];
    for trouble in [
        Trouble::Status(500),
        Trouble::Status(404),
        Trouble::Says(JSON, "{}".to_owned()),
        Trouble::Says("text/html", beat(0)),
        Trouble::Silent,
        Trouble::Moved(STREAM.to_owned()),
        Trouble::Breaks(EVENTS, beat(0)),
        ends(&[]),
        ends(&[beat(0)]),
        // It never says anything.
        events(&[]),
        events(&text(": keep-alive\n\n")),
        events(&text("data: {\"seq\"")),
        Trouble::Endless(EVENTS, ":\n".repeat(100)),
        Trouble::Endless(EVENTS, "a".repeat(4096)),
        Trouble::Endless(EVENTS, format!("event: heartbeat\ndata: {}\n", "1".repeat(4096))),
        // It says what is known over and over, and never that it knows all.
        Trouble::Endless(EVENTS, died(0)),
        Trouble::Endless(EVENTS, reset()),
        // It beats, and what it knows stands still.
        Trouble::Endless(EVENTS, beat(0)),
        // It loses events.
        events(&[died(3)]),
        events(&[beat(0), died(3)]),
        events(&[beat(0), died(4), died(3)]),
        events(&[beat(1), beat(1)]),
        events(&[died(u64::MAX)]),
        // It starts over and over.
        ends(&[reset()]),
        ends(&[beat(0), reset()]),
        // It says what nobody can read.
        events(&text("event: revocation\ndata: {\"seq\":1,\"x\":1,\"until\":1}\n\n")),
        events(&text("event: revocation\ndata: {\"h\":\"AA\",\"until\":1,\"seq\":1}\n\n")),
        events(&text("event: heartbeat\ndata: {\"seq\":0}\n\n")),
        events(&text("event: heartbeat\ndata: \u{0}\n\n")),
    ] {
        let issuer = Issuer::start().await;
        issuer.misbehave(STREAM, trouble.clone());
        let verifier = verifier(&issuer).await;
        let api = Api::start(&verifier).await;
        let token = issuer.token();
        assert_eq!(api.status(&token).await, 200, "{trouble:?}");
        // The stream never gets better.
        let seq = issuer.kill_credential("reports");
        let heard =
            || verifier.status().feed.seq >= Some(seq) && verifier.status().feed.entries > 0;
        until(&format!("{trouble:?}"), heard).await;
        assert_eq!(api.status(&token).await, 401, "{trouble:?}");

        issuer.behave();
        issuer.clock.advance(Duration::from_secs(2));
        sees(&verifier).await;
        assert!(!verifier.status().feed.blind, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_gap_is_noticed_and_what_was_missed_is_fetched() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    // The second event is lost on its way; the stream as such goes on.
    let lost = [beat(0), died(1), died(3)].concat();
    issuer.misbehave_once(STREAM, Trouble::Hangs(EVENTS, lost));
    for name in ["1", "reports", "3"] {
        issuer.kill_credential(name);
    }
    let verifier_of_the_gap = {
        issuer.misbehave_once(
            SNAPSHOT,
            Trouble::Says(JSON, json!({"seq": 0, "as_of": NOW_S, "entries": []}).to_string()),
        );
        self::verifier(&issuer).await
    };
    for verifier in [&verifier, &verifier_of_the_gap] {
        within("the last death", verifier.applied(3)).await;
        assert_eq!(Api::start(verifier).await.status(&issuer.token()).await, 401);
    }
    assert_eq!(api.status(&issuer.token()).await, 401);
    let feed = [&verifier, &verifier_of_the_gap].map(|verifier| verifier.status().feed);
    assert_eq!(feed.each_ref().map(|feed| feed.gaps).iter().sum::<u64>(), 1);
    assert!(feed.iter().all(|feed| feed.snapshots == 1), "joining again was enough");
}

#[tokio::test]
async fn a_reader_that_missed_too_much_starts_over() {
    let mut issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    issuer.vanish().await;
    for name in ["a", "reports", "b"] {
        issuer.kill_credential(name);
    }
    issuer.forget_events();
    issuer.come_back().await;
    within("the last death", verifier.applied(3)).await;
    assert_eq!(Api::start(&verifier).await.status(&issuer.token()).await, 401);
    assert_eq!(verifier.status().feed.snapshots, 2);
}

#[tokio::test]
async fn a_node_that_is_behind_does_not_bring_the_dead_back() {
    let mut issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    within("a death", verifier.applied(issuer.kill_credential("reports"))).await;
    // The next node answers, but has not seen it.
    issuer.vanish().await;
    issuer.set_back(0);
    issuer.come_back().await;
    issuer.is_asked(SNAPSHOT, 3).await;
    assert_eq!(api.status(&issuer.token()).await, 401);
    assert_eq!(verifier.status().feed.seq, Some(1));
    assert!(verifier.status().last_feed_error.unwrap().contains("older than"));
    // From ten seconds later on nobody can be behind: an operator has put back a backup.
    issuer.clock.advance(Duration::from_secs(11));
    sees(&verifier).await;
    assert_eq!(verifier.status().feed.seq, Some(0));
    assert_eq!(api.status(&issuer.token()).await, 200);
}

#[tokio::test]
async fn a_server_whose_streams_break_is_not_asked_without_pause() {
    for text in [
        beat(0),
        [beat(0), Event::Reset { seq: 0 }.to_sse()].concat(),
        [beat(0), died(2)].concat(),
        Event::Reset { seq: 0 }.to_sse(),
    ] {
        let issuer = Issuer::start().await;
        issuer.misbehave(STREAM, Trouble::Says(EVENTS, text.clone()));
        let begun = Instant::now();
        let mut timing = hasty();
        timing.retry_first = Duration::from_millis(20);
        timing.retry_most = Duration::from_secs(5);
        let verifier = issuer.builder().timing(timing).start().await.unwrap();
        until("seven streams", || issuer.asked(STREAM) >= 7).await;
        // Half of 20 + 40 + 80 + 160 + 320 + 640 ms at least.
        assert!(begun.elapsed() >= Duration::from_millis(630), "{:?} {text}", begun.elapsed());
        drop(verifier);
    }
}

#[tokio::test]
async fn an_unchanged_snapshot_proves_freshness_without_a_body() {
    let issuer = Issuer::start().await;
    // Only the snapshot works: the verifier polls.
    issuer.misbehave(STREAM, Trouble::Status(404));
    let verifier = verifier(&issuer).await;
    for _ in 0..3 {
        issuer.clock.advance(Duration::from_secs(10));
        sees(&verifier).await;
    }
    assert_eq!(verifier.status().feed.snapshots, 1, "the others were 304");
    within("a death", verifier.applied(issuer.kill_credential("reports"))).await;
    assert_eq!(verifier.status().feed.snapshots, 2);
}

#[tokio::test]
async fn an_old_body_that_was_just_confirmed_is_as_fresh_as_its_head_says() {
    let issuer = Issuer::start().await;
    issuer.misbehave(STREAM, Trouble::Status(404));
    for (old_s, confirmed_s) in [(NOW_S - 100, NOW_S - 1), (NOW_S - 1, NOW_S - 100)] {
        let body = json!({"seq": 0, "as_of": old_s, "entries": []}).to_string();
        issuer.misbehave(SNAPSHOT, Trouble::Confirmed(confirmed_s, body));
        let verifier = verifier(&issuer).await;
        assert_eq!(verifier.status().feed.as_of_s, Some(confirmed_s));
    }
}

#[tokio::test]
async fn an_entry_of_a_later_version_blinds_and_kills_nothing_by_halves() {
    let issuer = Issuer::start().await;
    let until_s = NOW_S + 9;
    let handle = Handle::of("reports");
    let later = json!({"h": handle, "before": 1, "until": until_s});
    let known = json!({"t": Handle::of("t9"), "until": until_s});
    let text = json!({"seq": 0, "as_of": NOW_S, "entries": [later, known]}).to_string();
    issuer.misbehave_once(SNAPSHOT, Trouble::Says(JSON, text));
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    let now = verifier.status().feed;
    assert_eq!((now.not_understood, now.entries, now.blind), (1, 1, true));
    assert_eq!(api.status(&issuer.token()).await, 200, "not yet stale");
    assert_eq!(api.status(&issuer.token_but(json!({"jti": "t9"}))).await, 401);
}
