//! Receipts: asking again makes nothing twice.

use serde_json::json;

use super::{Bench, NOW, client_id};
use crate::{Answer, Claim, Request, Retention};

fn request(key: &str, digest: &str) -> Request {
    Request { owner: client_id(1), key: key.to_owned(), digest: digest.to_owned() }
}

fn answer() -> Answer {
    Answer { status: 201, location: "/x".to_owned(), body: json!({ "a": [1, null] }) }
}

pub(crate) async fn a_request_is_claimed_once_and_answered_again(bench: &dyn Bench) {
    let store = bench.open().await;
    let own = request("k", "d");
    assert_eq!(store.claim(&own, NOW).await, Ok(Claim::New));
    assert_eq!(store.claim(&own, NOW.plus_secs(1)).await, Ok(Claim::Open { since: NOW }));
    store.release(&own).await.unwrap();
    assert_eq!(store.claim(&own, NOW).await, Ok(Claim::New));
    store.settle(&own, &answer()).await.unwrap();
    // What was answered stays answered.
    store.release(&own).await.unwrap();
    drop(store);
    let store = bench.open().await;
    assert_eq!(store.claim(&own, NOW).await, Ok(Claim::Answered(answer())));
    assert_eq!(store.claim(&request("k", "other"), NOW).await, Ok(Claim::Other));
    assert_eq!(store.claim(&request("l", "d"), NOW).await, Ok(Claim::New));
    let of_another = Request { owner: client_id(2), ..own };
    assert_eq!(store.claim(&of_another, NOW).await, Ok(Claim::New));
}

pub(crate) async fn of_many_who_claim_one_gets_it(bench: &dyn Bench) {
    let stores = [bench.open().await, bench.open().await];
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { store.claim(&request("k", "d"), NOW).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap() == Claim::New);
    }
    assert_eq!(new, 1);
}

pub(crate) async fn a_receipt_lasts_a_day(bench: &dyn Bench) {
    let store = bench.open().await;
    let own = request("k", "d");
    store.claim(&own, NOW).await.unwrap();
    store.settle(&own, &answer()).await.unwrap();
    for (secs, pruned) in [(86_399, 0), (86_400, 1)] {
        let done = store.prune(NOW.plus_secs(secs), &Retention::default()).await.unwrap();
        assert_eq!(done.receipts, pruned, "{secs}");
    }
    store.claim(&own, NOW).await.unwrap();
    store.settle(&own, &answer()).await.unwrap();
    let late = store.claim(&request("k", "other"), NOW.plus_secs(86_400)).await;
    assert_eq!(late, Ok(Claim::New), "not pruned yet, and over all the same");
}
