//! `/healthz`, `/readyz` and `/metrics`: for load balancers and operators.

use crate::{
    ask::Ask,
    node::{Node, ask_token, eventually},
    wire::{ask_at, client},
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
    let names = numbers.text().lines().filter_map(|line| line.strip_prefix("# TYPE "));
    insta::assert_snapshot!(names.collect::<Vec<_>>().join("\n"), @"
    hallpass_http_requests counter
    hallpass_token_requests counter
    hallpass_http_request_duration_seconds histogram
    hallpass_connections gauge
    hallpass_notices counter
    hallpass_failed_logins_limited counter
    hallpass_management_limited counter
    hallpass_leak_reports_limited counter
    hallpass_usage_dropped counter
    hallpass_usage_lost counter
    hallpass_panics counter
    hallpass_credentials gauge
    hallpass_change_seq gauge
    hallpass_feed_seq gauge
    hallpass_feed_entries gauge
    hallpass_feed_readers gauge
    hallpass_staleness_seconds gauge
    hallpass_tail_failures counter
    hallpass_store_statements gauge
    hallpass_signing_key_age_seconds gauge
    ");
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
