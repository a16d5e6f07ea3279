//! A verifier that is cut off knows it within five seconds, says so, and does what was chosen.

use std::{collections::BTreeMap, time::Duration};

use hallpass_verifier::{Clock, Verifier, WhenStale};

use crate::{
    api::Api,
    issuer::{Issuer, STREAM, hasty},
    trouble::{until, within},
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits until the verifier has heard everything that its issuer has said.
pub(crate) async fn sees(verifier: &Verifier) {
    until("sight", || verifier.status().feed.staleness_s == Some(0)).await;
}

#[tokio::test]
async fn cut_off_it_is_blind_from_the_fifth_second_and_stale_when_it_was_chosen() {
    for (when_stale, when_long_cut_off) in
        [(WhenStale::FailClosed, 503), (WhenStale::FailOpen, 200)]
    {
        let mut issuer = Issuer::start().await;
        let verifier = issuer.builder().max_staleness_s(60).when_stale(when_stale).start();
        let verifier = within("a start", verifier).await.unwrap();
        let api = Api::start(&verifier).await;
        let (alive, dead) = (issuer.token(), {
            within("a death", verifier.applied(issuer.kill_credential("dead"))).await;
            issuer.token_but(serde_json::json!({"client_id": "dead", "sub": "dead"}))
        });
        issuer.vanish().await;
        for (passed_s, blind, stale, ready, status) in [
            (0, false, false, true, 200),
            (4, false, false, true, 200),
            (1, true, false, true, 200),
            (55, true, false, true, 200),
            (1, true, true, when_long_cut_off == 200, when_long_cut_off),
            (3600, true, true, when_long_cut_off == 200, when_long_cut_off),
        ] {
            issuer.clock.advance(seconds(passed_s));
            let now = verifier.status();
            assert_eq!((now.feed.blind, now.feed.stale, now.ready), (blind, stale, ready));
            let metrics = verifier.metrics_text();
            for (name, value) in [("feed_blind", blind), ("feed_stale", stale), ("ready", ready)] {
                let line = format!("hallpass_verifier_{name} {}", u64::from(value));
                assert!(metrics.lines().any(|one| one == line), "{line}");
            }
            assert_eq!(api.status(&alive).await, status, "{when_stale:?} +{passed_s}");
            assert_eq!(api.status(&dead).await, 401, "what is dead is dead");
        }
        let answer = api.with("GET /books", &alive).await;
        if status_is_ours(answer.status) {
            assert_eq!(answer.retry_after.as_deref(), Some("5"));
            assert_eq!(answer.challenge, None, "it is not the token's fault");
        }
        assert!(verifier.status().last_feed_error.is_some());

        // What died meanwhile is known before the verifier says that it sees again.
        let seq = issuer.kill_credential("reports");
        issuer.come_back().await;
        sees(&verifier).await;
        assert_eq!(verifier.status().feed.seq, Some(seq));
        assert_eq!(api.status(&alive).await, 401);
        let now = verifier.status();
        assert!(now.ready && !now.feed.blind && now.last_feed_error.is_none());
    }
}

fn status_is_ours(status: u16) -> bool {
    status == 503
}

#[tokio::test]
async fn heartbeats_keep_it_seeing_for_days() {
    let issuer = Issuer::start().await;
    let verifier = issuer.builder().max_staleness_s(5).start().await.unwrap();
    for _ in 0..100 {
        issuer.pass(seconds(1000));
        sees(&verifier).await;
        assert!(!verifier.status().feed.blind);
    }
}

#[tokio::test]
async fn a_node_that_is_cut_off_from_its_store_lends_no_freshness_and_is_left() {
    let issuer = Issuer::start().await;
    let mut timing = hasty();
    timing.stall = Duration::from_millis(100);
    let verifier = issuer.builder().timing(timing).start().await.unwrap();
    sees(&verifier).await;
    issuer.cut_off(true);
    issuer.pass(seconds(5));
    // It answers, it beats, and it knows nothing. Another node may: the stream is joined again.
    issuer.is_asked(STREAM, 3).await;
    let now = verifier.status();
    assert_eq!((now.feed.staleness_s, now.feed.blind, now.feed.stale), (Some(5), true, false));
    assert_eq!(now.feed.snapshots, 1, "nothing is missing that a snapshot could bring");
    issuer.cut_off(false);
    issuer.beat();
    sees(&verifier).await;
}

#[tokio::test]
async fn an_issuer_with_a_wrong_clock_buys_no_freshness() {
    let issuer = Issuer::start().await;
    let verifier = issuer.verifier().await;
    let fast = hallpass_verifier::ManualClock::at(issuer.clock.unix_s() - 301);
    // The verifier's own clock is behind instead: it is all the same to it.
    let late = issuer.builder().clock(fast).start().await.unwrap();
    let now = late.status();
    assert_eq!((now.ready, now.feed.blind, now.feed.as_of_s), (false, true, None));
    assert!(verifier.status().ready);
}

#[tokio::test]
async fn every_metric_is_in_the_reference_and_the_other_way_round() {
    let issuer = Issuer::start().await;
    let verifier = within("a start", issuer.builder().start()).await.unwrap();
    sees(&verifier).await;
    let text = verifier.metrics_text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let shown: BTreeMap<_, _> = types.collect();
    let reference = include_str!("../../../../docs/reference/metrics.md");
    let (_, own) = reference.split_once("## Of the verifier").unwrap();
    let row = |line: &'static str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once('`')?;
        let kind = rest.strip_prefix(" | ")?.split(' ').next()?;
        Some((name.split('{').next()?, kind))
    };
    assert_eq!(shown, own.lines().filter_map(row).collect());
}
