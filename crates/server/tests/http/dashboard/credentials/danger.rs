//! Pause, revoke and delete: what is said before, and what is true after.

use hallpass_core::permission::Role;
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, list, of};
use crate::node::{Node, client_id};

#[tokio::test]
async fn a_pause_kills_and_ends() {
    let node = Node::start().with_credential("reports").await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let token = node.token("reports").await;
    let ask = browser.get(&of("reports", "/pause")).await;
    assert!(ask.text().contains("Pause reports?"), "{}", ask.text());
    let (to, page) = browser.send_form(&of("reports", "/pause"), &[]).await;
    assert_eq!(to, of("reports", ""));
    assert!(page.text().contains("It is paused."), "{}", page.text());
    assert!(!node.is_active(&token).await);
    let receipt = browser.get(&of("reports", "/danger")).await;
    assert!(receipt.text().contains("The revocation feed has carried it"));
    assert_eq!(browser.post(&of("reports", "/pause"), &[]).await.status, StatusCode::CONFLICT);
    browser.send_form(&of("reports", "/resume"), &[]).await;
    assert!(!node.is_active(&token).await, "what was killed stays dead");
    assert!(node.is_active(&node.token("reports").await).await);
}

#[tokio::test]
async fn a_revoke_wants_the_name_says_what_dies_and_shows_that_it_died() {
    let node = Node::start()
        .with_credential_that("reports", |settings| {
            settings.name = "Nightly “reports”".parse().unwrap();
        })
        .await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let token = node.token("reports").await;
    let batch = node.app.usage.drain();
    node.store.record_usage(&batch.usage).await.unwrap();
    let page = browser.get(&of("reports", "/danger")).await;
    for part in [
        "At most one live token of it dies",
        "can no longer call books",
        "Type the name to revoke it",
    ] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    let revoke = of("reports", "/revoke");
    for name in ["", "nightly “reports”", "Nightly reports", "yes"] {
        let page = browser.post(&revoke, &[("name", name)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.text().contains("Type the name as it is"), "{name}");
    }
    assert!(node.is_active(&token).await);
    // Nothing can be deleted that may be alive.
    assert_eq!(browser.post(&of("reports", "/delete"), &[]).await.status, StatusCode::CONFLICT);

    let (to, page) = browser.send_form(&revoke, &[("name", " Nightly “reports” ")]).await;
    assert_eq!(to, of("reports", "/danger"));
    assert!(!node.is_active(&token).await);
    let seq = node.app.live.feed.seq();
    for part in [
        "The revocation feed has carried it",
        &format!("<strong>{seq}</strong>"),
        "Mon 24 Nov 2025, 16:00 UTC",
        "Delete credential",
    ] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    let (to, page) = browser.send_form(&of("reports", "/delete"), &[]).await;
    assert_eq!(to, list());
    assert!(page.text().contains("Deleted."), "{}", page.text());
    assert_eq!(browser.get(&of("reports", "")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.dead().await.len(), 1, "the feed keeps it until the last token has ended");
    assert!(!page.text().contains(client_id("reports").as_str()));
}
