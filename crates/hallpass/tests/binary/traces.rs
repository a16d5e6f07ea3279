//! Traces as a collector gets them: whose trace a request belongs to, what of it is told, and that
//! nobody waits for a collector.

use hallpass_store::throwaway::Cluster;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use reqwest::Method;

use crate::{
    collector::{Collector, said},
    node::Node,
    place::{ISSUER, Login, Place},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A token and a list of credentials, asked for within a trace of the caller's.
async fn ask(node: &Node, login: &Login, sampled: bool) {
    let traceparent = format!("00-{TRACE}-{PARENT}-0{}", u8::from(sampled));
    let form = [("grant_type", "client_credentials")];
    let request = node.request(Method::POST, "/oauth/token").header("traceparent", &traceparent);
    let request = request.basic_auth(&login.client_id, Some(&login.secret)).form(&form);
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let request = node.request(Method::GET, "/api/v1/credentials");
    let request = request.header("traceparent", &traceparent).bearer_auth(token);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// A node that sends traces, asked once: what the collector has when the node has ended.
async fn traced(place: &Place, options: &[&str], sampled: bool) -> Vec<Span> {
    let own = format!("{ISSUER}/api/v1=credentials:read");
    let login = place.credential("Automation", &["--api", &own]).await;
    let collector = Collector::start().await;
    let url = collector.url();
    let options = [&["--traces-endpoint", &url], options].concat();
    let node = Node::start(place, &options).await;
    ask(&node, &login, sampled).await;
    node.stop().await;
    collector.spans()
}

#[tokio::test]
async fn a_request_is_of_the_trace_that_a_trusted_proxy_says() {
    for (options, sampled, is_joined) in [
        (&["--trusted-proxies", "127.0.0.0/8"][..], true, true),
        // A stranger neither joins a trace of ours nor has a say in what is kept.
        (&[], true, false),
        (&[], false, false),
    ] {
        let place = Place::set_up().await;
        let spans = traced(&place, options, sampled).await;
        let named = |name: &str| spans.iter().find(|span| span.name == name);
        let token = named("POST token").unwrap_or_else(|| panic!("{options:?}: {spans:?}"));
        let parents = (hex(&token.trace_id), hex(&token.parent_span_id));
        let theirs = (TRACE.to_owned(), PARENT.to_owned());
        assert_eq!(parents == theirs, is_joined, "{options:?}: {parents:?}");
        assert_eq!(token.kind, SpanKind::Server as i32);
        let said = |name| said(&token.attributes, name).unwrap_or_default();
        assert_eq!(said("http.request.method"), "POST");
        assert_eq!(said("http.response.status_code"), "200");
        assert!(!said("request.id").is_empty());
        // Issuing a token asks no database; a list does.
        let children =
            |span: &Span| spans.iter().filter(|child| child.parent_span_id == span.span_id).count();
        assert_eq!(children(token), 0, "{spans:?}");
        let list = named("GET management_api").unwrap_or_else(|| panic!("{spans:?}"));
        assert!(children(list) > 0, "{spans:?}");
    }
}

#[tokio::test]
async fn a_database_is_waited_for_in_the_trace_of_who_asked() {
    let Some(cluster) = Cluster::shared() else { return };
    let place = Place::with_database(&cluster.url(&cluster.create(None).await));
    place.furnish().await;
    let spans = traced(&place, &[], true).await;
    let of_database = |span: &&Span| said(&span.attributes, "db.system.name").is_some();
    let asked: Vec<_> = spans.iter().filter(of_database).collect();
    assert!(!asked.is_empty(), "{spans:?}");
    for span in asked {
        assert_eq!(said(&span.attributes, "db.system.name").unwrap(), "postgresql");
        let text = said(&span.attributes, "db.query.text").unwrap();
        assert!(text.starts_with(&span.name), "{span:?}");
        // What a node looks for by itself is nobody's request.
        assert!(spans.iter().any(|parent| parent.span_id == span.parent_span_id), "{span:?}");
    }
}

#[tokio::test]
async fn only_the_part_that_is_wanted_is_kept() {
    let proxy = ["--trusted-proxies", "127.0.0.0/8"];
    let none = ["--traces-sample-ratio", "0"];
    for (options, sampled, is_kept) in [
        (none.to_vec(), true, false),
        ([none, proxy].concat(), true, true),
        (proxy.to_vec(), false, false),
    ] {
        let place = Place::set_up().await;
        let spans = traced(&place, &options, sampled).await;
        let is_there = spans.iter().any(|span| span.name == "POST token");
        assert_eq!(is_there, is_kept, "{options:?} {sampled}");
    }
}

#[tokio::test]
async fn failures_of_the_server_are_errors_and_those_of_callers_are_not() {
    let place = Place::set_up().await;
    let collector = Collector::start().await;
    let url = collector.url();
    let node = Node::start(&place, &["--traces-endpoint", &url]).await;
    let login = Login { client_id: "nobody".to_owned(), secret: "wrong".to_owned() };
    node.no_token(&login).await;
    node.stop().await;
    let spans = collector.spans();
    let refused = spans.iter().find(|span| span.name == "POST token").unwrap();
    assert_eq!(said(&refused.attributes, "http.response.status_code").unwrap(), "401");
    let status = refused.status.clone().unwrap_or_default();
    assert_ne!(status.code, StatusCode::Error as i32);
}

#[tokio::test]
async fn nobody_waits_for_a_collector_that_is_away() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    // Somebody listened here a moment ago.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/v1/traces", listener.local_addr().unwrap())
    };
    let node = Node::start(&place, &["--traces-endpoint", &gone]).await;
    node.token(&login).await.unwrap();
    let ended = node.stop().await;
    assert!(ended.stderr.contains("ExportError"), "{ended:?}");
}
