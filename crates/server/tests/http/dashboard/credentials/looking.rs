//! The tabs of a credential: what each shows, and what none of them does.

use hallpass_core::{
    Image,
    change::Key,
    permission::Role,
    usage::{Ending, Sighting, Slot, Usage},
};
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, of};
use crate::node::{NOW, Node, api_id, client_id};

const TABS: [&str; 8] =
    ["", "/secrets", "/access", "/limits", "/activity", "/danger", "/details", "/ready"];

fn used(hours_ago: u64, ending: Ending, count: u64) -> Usage {
    let last_at = NOW.minus_secs(hours_ago * 3600);
    let slot = Slot {
        client_id: client_id("reports"),
        secret: 0,
        api_id: (ending == Ending::Issued).then(|| api_id("books")),
        ending,
        hour: last_at.as_secs() / 3600,
    };
    Usage { slot, count, last_at, last_address: Some("192.0.2.7".parse().unwrap()) }
}

#[tokio::test]
async fn every_tab_opens_and_shows_no_digest() {
    let node = Node::start()
        .with_credential_that("reports", |settings| {
            settings.name = "Reports & <more>".parse().unwrap();
            settings.description = "For the library".parse().unwrap();
        })
        .await;
    let Ok(Some(Image::Credential(own))) =
        node.store.image(&Key::Credential(client_id("reports"))).await
    else {
        panic!("it is gone")
    };
    let digest = String::from(own.secrets[0].digest.clone());
    for role in [Role::Developer, Role::Auditor] {
        let browser = Browser::of(&node, &node.member(role.word(), role).await).await;
        for tab in TABS {
            let page = browser.get(&of("reports", tab)).await;
            assert_eq!(page.status, StatusCode::OK, "{tab}");
            assert_eq!(page.header("cache-control"), "no-store");
            assert!(page.text().contains("Reports &#38; &#60;more&#62;"), "{tab}");
            assert!(!page.text().contains(&digest), "{tab}");
            assert!(!page.text().contains("hps_"), "{tab}");
            assert!(page.text().len() < 60 * 1024, "{tab}: {}", page.text().len());
        }
    }
}

#[tokio::test]
async fn the_overview_tells_use_by_api_and_outcome_addresses_and_libraries() {
    let node = Node::start().with_credential("reports").await;
    let rows =
        [used(0, Ending::Issued, 7), used(30, Ending::Issued, 5), used(1, Ending::Refused, 2)];
    node.store.record_usage(&rows).await.unwrap();
    let sighting = Sighting {
        client_id: client_id("reports"),
        address: Some("192.0.2.7".parse().unwrap()),
        library: "python-requests/2.32.3".into(),
        count: 12,
        first_at: NOW,
        last_at: NOW,
    };
    node.store.record_sightings(&[sighting]).await.unwrap();
    let browser = Browser::of(&node, &node.member("ada", Role::Auditor).await).await;
    for (query, in_all) in [("", 14), ("?range=30d", 14), ("?range=90d", 14), ("?range=x", 14)] {
        let page = browser.get(&format!("{}{query}", of("reports", ""))).await;
        assert!(page.text().contains(&format!(": {in_all} in all")), "{query}: {}", page.text());
        for part in [
            "<dd>7</dd>", // Issued in 24 hours.
            "<dd>2</dd>", // Refused.
            "Refused",
            "<code>192.0.2.7</code>",
            "python-requests/2.32.3",
            "<th scope=\"col\" class=\"number\">books</th>",
        ] {
            assert!(page.text().contains(part), "{query}: {part} in {}", page.text());
        }
    }
}

#[tokio::test]
async fn a_wasteful_program_is_told_of() {
    let node = Node::start().with_credential("reports").await;
    let browser = Browser::of(&node, &node.member("ada", Role::Auditor).await).await;
    for (count, told) in [(50, false), (1, true)] {
        node.store.record_usage(&[used(0, Ending::Issued, count)]).await.unwrap();
        let page = browser.get(&of("reports", "")).await;
        assert_eq!(page.text().contains("fetched 51 tokens"), told);
    }
    node.clock.advance_secs(91 * 86_400);
    let browser = Browser::of(&node, &node.member("bob", Role::Auditor).await).await;
    let page = browser.get(&of("reports", "")).await;
    assert!(page.text().contains("Nothing has used it for 90 days or more"));
}

#[tokio::test]
async fn activity_tells_who_did_what_and_addresses_to_those_who_may_know() {
    let node = Node::start().with_credential("reports").await;
    let developer = Browser::of(&node, &node.member("dev", Role::Developer).await).await;
    developer.send_form(&of("reports", "/pause"), &[]).await;
    let page = developer.get(&of("reports", "/activity")).await;
    let (paused, made) = (
        page.text().find("Paused a credential: its tokens are dead").unwrap(),
        page.text().find("Made a credential").unwrap(),
    );
    assert!(paused < made, "the newest comes first");
    assert!(page.text().contains("dev@example.com"));
}

#[tokio::test]
async fn every_language_has_its_lines() {
    let node = Node::start().with_credential("reports").await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let page = browser.get(&of("reports", "/ready")).await;
    let languages: Vec<&str> = page
        .text()
        .split("/ready?lang=")
        .skip(1)
        .map(|rest| rest.split('#').next().unwrap())
        .collect();
    assert!(languages.len() >= 8, "{languages:?}");
    for language in languages {
        let page = browser.get(&of("reports", &format!("/ready?lang={language}"))).await;
        let (_, lines) = page.text().split_once("id=\"snippet\"").unwrap();
        assert!(lines.contains(client_id("reports").as_str()), "{language}");
        assert!(lines.contains("CLIENT_SECRET"), "{language}");
    }
}
