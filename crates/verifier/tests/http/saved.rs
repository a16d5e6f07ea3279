//! An API that starts while the issuer is away, from what was saved.

use std::{fs, path::Path, time::Duration};

use hallpass_token::jose::Algorithm;
use hallpass_verifier::{Verifier, WhenStale};
use serde_json::json;

use crate::{
    api::Api,
    freshness::sees,
    issuer::{Issuer, STREAM},
    trouble::{hours_pass_until, within},
};

async fn start(issuer: &Issuer, folder: &Path) -> Verifier {
    let builder = issuer.builder().state_dir(folder).max_staleness_s(60);
    within("a start", builder.start()).await.unwrap()
}

fn tokens(issuer: &Issuer) -> [String; 2] {
    [issuer.token(), issuer.token_but(json!({"client_id": "dead", "sub": "dead"}))]
}

async fn statuses(verifier: &Verifier, tokens: &[String; 2]) -> [u16; 2] {
    let api = Api::start(verifier).await;
    [api.status(&tokens[0]).await, api.status(&tokens[1]).await]
}

#[tokio::test]
async fn it_starts_without_its_issuer_and_knows_who_is_dead_and_how_old_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut issuer = Issuer::start().await;
    let tokens = tokens(&issuer);
    let verifier = start(&issuer, folder.path()).await;
    within("a death", verifier.applied(issuer.kill_credential("dead"))).await;
    assert_eq!(statuses(&verifier, &tokens).await, [200, 401]);
    within("the end", verifier.shutdown()).await;
    assert_eq!(statuses(&verifier, &tokens).await, [200, 401], "what is known goes on serving");
    drop(verifier);
    issuer.vanish().await;

    for (passed_s, blind, expected) in
        [(0, false, [200, 401]), (5, true, [200, 401]), (56, true, [503, 401])]
    {
        issuer.clock.advance(Duration::from_secs(passed_s));
        let restarted = start(&issuer, folder.path()).await;
        assert_eq!(statuses(&restarted, &tokens).await, expected, "{passed_s}");
        let now = restarted.status();
        assert_eq!((now.feed.blind, now.ready), (blind, expected[0] == 200), "{passed_s}");
        assert!(now.last_key_error.is_some(), "{passed_s}");
        within("the end", restarted.shutdown()).await;
    }

    // What died while nobody listened is caught up with, from the place that was saved.
    let restarted = start(&issuer, folder.path()).await;
    let seq = issuer.kill_credential("reports");
    issuer.come_back().await;
    within("a death", restarted.applied(seq)).await;
    sees(&restarted).await;
    assert_eq!(statuses(&restarted, &tokens).await, [401, 401]);
    assert_eq!(restarted.status().feed.snapshots, 0, "the stream was joined where it was left");
    assert!(issuer.asked(STREAM) > 0);
}

#[tokio::test]
async fn without_saved_state_it_waits_for_its_issuer() {
    let mut issuer = Issuer::start().await;
    let tokens = tokens(&issuer);
    issuer.vanish().await;
    let folder = tempfile::tempdir().unwrap();
    let verifier = start(&issuer, folder.path()).await;
    assert_eq!(statuses(&verifier, &tokens).await, [503, 503]);
    issuer.come_back().await;
    within("readiness", verifier.wait_ready()).await;
    assert_eq!(statuses(&verifier, &tokens).await, [200, 200]);
}

#[tokio::test]
async fn damaged_state_is_as_good_as_none_and_is_reported() {
    // What is damaged: keys, feed. Without keys nothing can be verified; without the feed nothing
    // is known to be alive, and with fail-open that was accepted.
    for (keys, feed, when_stale, expected) in [
        (true, false, WhenStale::FailClosed, [503, 503]),
        (false, true, WhenStale::FailClosed, [503, 503]),
        (true, true, WhenStale::FailClosed, [503, 503]),
        (true, false, WhenStale::FailOpen, [503, 503]),
        (false, true, WhenStale::FailOpen, [200, 200]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut issuer = Issuer::start().await;
        let tokens = tokens(&issuer);
        let seq = issuer.kill_credential("dead");
        let verifier = start(&issuer, folder.path()).await;
        within("a death", verifier.applied(seq)).await;
        within("the end", verifier.shutdown()).await;
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if keys && name.starts_with("hallpass-keys")
                || feed && name.starts_with("hallpass-feed")
            {
                let half = fs::metadata(&path).unwrap().len() / 2;
                fs::File::options().write(true).open(&path).unwrap().set_len(half).unwrap();
            }
        }
        issuer.vanish().await;
        let builder = issuer.builder().state_dir(folder.path()).when_stale(when_stale);
        let restarted = within("a start", builder.start()).await.unwrap();
        let case = format!("{keys} {feed} {when_stale:?}");
        assert_eq!(statuses(&restarted, &tokens).await, expected, "{case}");
        assert!(restarted.status().last_saved_error.is_some(), "{case}");

        issuer.come_back().await;
        within("what died", restarted.applied(seq)).await;
        within("readiness", restarted.wait_ready()).await;
        assert_eq!(statuses(&restarted, &tokens).await, [200, 401], "{case}");
    }
}

#[tokio::test]
async fn a_feed_that_was_found_is_not_forgotten_by_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut issuer = Issuer::with(Algorithm::Es256, false).await;
    let tokens = tokens(&issuer);
    let verifier = start(&issuer, folder.path()).await;
    assert_eq!(verifier.status().feed.offered, Some(false));
    // The feed appears, under the same keys.
    issuer.offer_feed(true);
    let seq = issuer.kill_credential("dead");
    hours_pass_until("a death", || verifier.status().feed.seq == Some(seq)).await;
    // Then it is gone from metadata by mistake, and the keys change.
    issuer.offer_feed(false);
    issuer.rotate(true);
    hours_pass_until("the new key", || verifier.status().keys.len() == 2).await;
    within("the end", verifier.shutdown()).await;
    issuer.vanish().await;
    for _ in 0..2 {
        let restarted = start(&issuer, folder.path()).await;
        assert_eq!(restarted.status().feed.offered, Some(true));
        assert_eq!(statuses(&restarted, &tokens).await, [200, 401]);
    }
}

#[tokio::test]
async fn two_apis_of_one_machine_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Issuer::start().await, Issuer::start().await);
    for issuer in [&one, &two] {
        within("the end", start(issuer, folder.path()).await.shutdown()).await;
    }
    one.vanish().await;
    two.vanish().await;
    let verifiers = [start(&one, folder.path()).await, start(&two, folder.path()).await];
    for (at, verifier) in verifiers.iter().enumerate() {
        let [own, other] = if at == 0 { [&one, &two] } else { [&two, &one] };
        let tokens = [own.token(), other.token()];
        // The other's key is unknown here, and nobody can be asked.
        assert_eq!(statuses(verifier, &tokens).await, [200, 503]);
    }
}
