//! `/healthz`, `/readyz` and `/metrics`: for load balancers and operators.

use std::collections::BTreeMap;

use hallpass_server::rotation::Rotation;
use hallpass_token::jose::Algorithm;

use crate::{
    ask::Ask,
    node::{NOW, Node, ask_token, client_id, eventually, operator},
    wire::{Listening, ask_at, client},
};

#[tokio::test]
async fn a_live_process_is_healthy_and_a_fresh_one_is_ready() {
    let node = Node::start().await;
    let health = node.send(Ask::get("/healthz")).await;
    let ready = node.send(Ask::get("/readyz")).await;
    for answer in [&health, &ready] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    insta::assert_snapshot!(health.text(), @r#"{"status":"ok"}"#);
    insta::assert_snapshot!(ready.text(), @r#"{"status":"ready","change_seq":6,"staleness_s":0}"#);
}

#[tokio::test]
async fn a_stale_or_closing_node_is_healthy_but_not_ready() {
    let node = Node::start().await;
    node.store.go_away();
    node.pass_blind_s(3600).await;
    assert_eq!(node.send(Ask::get("/readyz")).await.status, 200);
    node.pass_blind_s(1).await;
    let stale = node.send(Ask::get("/readyz")).await;
    assert_eq!(stale.status, 503);
    insta::assert_snapshot!(stale.text(), @r#"{"status":"stale","change_seq":6,"staleness_s":3601}"#);
    node.store.come_back();
    node.pass_s(0).await;
    assert_eq!(node.send(Ask::get("/readyz")).await.status, 200);
    node.app.closing.cancel();
    let closing = node.send(Ask::get("/readyz")).await;
    assert_eq!(closing.status, 503);
    assert_eq!(closing.value()["status"], "closing");
    assert_eq!(node.send(Ask::get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn numbers_are_shown_to_operators_only() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let public = node.ask(Ask::get("/metrics")).await;
    assert_eq!(public.status, 404);
    node.ask(ask_token("reports")).await.token();
    node.ask(Ask::token()).await;
    let at = |path: &str| format!("http://{}{path}", node.metrics);
    let client = client(|builder| builder);
    let numbers = ask_at(&client, &at("/metrics"), Ask::get("/metrics")).await;
    assert_eq!(numbers.status, 200);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(numbers.header("content-type"), kind);
    for line in [
        r#"hallpass_token_requests_total{outcome="issued"} 1"#,
        r#"hallpass_token_requests_total{outcome="invalid_request"} 1"#,
        r#"hallpass_http_requests_total{endpoint="token",status="200"} 1"#,
        r#"hallpass_http_requests_total{endpoint="other",status="404"} 1"#,
        "hallpass_credentials 2",
    ] {
        assert!(numbers.text().lines().any(|one| one == line), "{line}\n{}", numbers.text());
    }
    assert!(numbers.text().ends_with("# EOF\n"));
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/oauth/token", 404)] {
        assert_eq!(ask_at(&client, &at(path), Ask::get(path)).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_blind_node_shows_its_blindness_in_numbers() {
    let node = Node::start().await.listen().await.keeping_house();
    node.store.go_away();
    node.clock.advance_secs(100);
    let client = client(|builder| builder);
    let url = format!("http://{}/metrics", node.metrics);
    eventually("failed looks at the change log", async || {
        let numbers = ask_at(&client, &url, Ask::get("/metrics")).await;
        let number = |name: &str| {
            let line = numbers.text().lines().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        number("hallpass_tail_failures_total") >= 1.0
            && number("hallpass_staleness_seconds") >= 100.0
    })
    .await;
}

/// What `/metrics` says now.
async fn page(node: &Listening) -> String {
    let client = client(|builder| builder);
    let url = format!("http://{}/metrics", node.metrics);
    ask_at(&client, &url, Ask::get("/metrics")).await.text().to_owned()
}

/// One number of the page.
fn number(page: &str, name: &str) -> f64 {
    let found = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}

/// Name and kind of every metric that the reference has for the server.
pub(crate) fn documented() -> BTreeMap<&'static str, &'static str> {
    let reference = include_str!("../../../../docs/reference/metrics.md");
    let (_, own) = reference.split_once("## Of the server").unwrap();
    let (own, _) = own.split_once("## What to alert on").unwrap();
    let row = |line: &'static str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once('`')?;
        let kind = rest.strip_prefix(" | ")?.split(' ').next()?;
        Some((name.split('{').next()?, kind))
    };
    own.lines().filter_map(row).collect()
}

#[tokio::test]
async fn every_metric_is_in_the_reference_and_the_other_way_round() {
    let node = Node::start().await.listen().await;
    let page = page(&node).await;
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let name = |(name, kind): (&str, &str)| match kind {
        "counter" => (format!("{name}_total"), kind.to_owned()),
        _ => (name.to_owned(), kind.to_owned()),
    };
    let shown: BTreeMap<_, _> = types.map(name).collect();
    let told = documented().into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned()));
    assert_eq!(shown, told.collect());
}

#[tokio::test]
async fn numbers_say_how_far_keys_limits_and_changes_are() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let es256 = |name: &str| format!("hallpass_{name}{{algorithm=\"ES256\"}}");
    let keys = |status: &str| format!("hallpass_keys{{algorithm=\"ES256\",status=\"{status}\"}}");
    let failed = "hallpass_limiter_counters{limit=\"failed_logins\"}";
    let before = page(&node).await;
    let rotation_s = node.app.config.key_rotation_s as f64;
    assert_eq!(number(&before, &es256("signing_key_remaining_seconds")), rotation_s);
    assert_eq!(number(&before, &keys("published")), 0.0);
    assert_eq!(number(&before, failed), 0.0);
    assert_eq!(number(&before, "hallpass_changes_behind"), 0.0);

    // Another process writes, and this node has not looked yet.
    let (store, actor) = (node.other_store(), operator());
    let rotation = Rotation { store: &store, ..node.rotation(&actor) };
    rotation.rotate(Algorithm::Es256, NOW.plus_secs(3600)).await.unwrap();
    node.ask(Ask::token().basic((&client_id("reports").to_string(), "wrong"))).await;
    let behind = page(&node).await;
    assert_eq!(number(&behind, "hallpass_changes_behind"), 1.0);
    // The client's own counter, and the network's.
    assert_eq!(number(&behind, failed), 2.0);

    node.pass_s(100).await;
    let after = page(&node).await;
    assert_eq!(number(&after, "hallpass_changes_behind"), 0.0);
    assert_eq!(number(&after, &keys("published")), 1.0);
    assert_eq!(number(&after, &keys("signing")), 1.0);
    assert_eq!(number(&after, &es256("signing_key_remaining_seconds")), 3500.0);
    assert_eq!(number(&after, &es256("signing_key_age_seconds")), 100.0);
    assert_eq!(number(&after, "hallpass_directory_age_seconds"), 100.0);

    node.store.go_away();
    assert!(number(&page(&node).await, "hallpass_changes_behind").is_nan());
}
