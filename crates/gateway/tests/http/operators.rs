//! What operators see, and how a gateway begins and ends.

use std::net::SocketAddr;

use hallpass_gateway::{Gateway, Options};

use crate::{
    issuer::Issuer,
    world::{RULES, World, file_of, within},
};

#[tokio::test]
async fn health_and_metrics_are_on_a_listener_of_their_own() {
    let world = World::start("", RULES).await;
    world.status("GET", "/health", None).await;
    world.status("GET", "/v1/books", Some(&world.issuer.token("books:read"))).await;
    world.status("GET", "/v1/books", None).await;
    for (path, status, says) in [
        ("/healthz", 200, r#"{"status":"ok"}"#),
        ("/readyz", 200, r#"{"status":"ready"}"#),
        ("/metrics", 200, "hallpass_gateway_admitted_total{by=\"token\"} 1\n"),
        ("/metrics", 200, "hallpass_gateway_admitted_total{by=\"anonymous\"} 1\n"),
        ("/metrics", 200, "hallpass_gateway_refused_total{reason=\"token\"} 1\n"),
        ("/metrics", 200, "hallpass_verifier_ready 1\n"),
        ("/nginx", 404, "not_found"),
    ] {
        let (got, text) = world.page(path).await;
        assert_eq!(got, status, "{path}");
        assert!(text.contains(says), "{path} does not say {says}: {text}");
    }
}

#[tokio::test]
async fn only_proxies_may_ask() {
    let world = World::start("trusted_proxies = [\"192.0.2.0/24\"]", RULES).await;
    let token = world.issuer.token("books:read");
    assert_eq!(world.status("GET", "/v1/books", Some(&token)).await, 403);
    assert_eq!(world.status("GET", "/health", None).await, 403);
    world.says("hallpass_gateway_refused_total{reason=\"stranger\"} 2").await;
}

#[tokio::test]
async fn a_gateway_starts_without_its_issuer_and_lets_nothing_through_that_it_cannot_check() {
    let issuer = Issuer::start().await;
    let address: SocketAddr = issuer.url.strip_prefix("http://").unwrap().parse().unwrap();
    let token = issuer.token("books:read");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    let state = format!("state_dir = {:?}", dir.path().join("state"));
    std::fs::write(&file, file_of(&issuer.url, &state, RULES)).unwrap();
    drop(issuer);

    let begin = async || {
        let options = Options::new(&file, "https://unused.example.com");
        let gateway = within("a start", Gateway::start(options)).await.unwrap();
        let server = gateway.bind().await.unwrap();
        let address = server.address().unwrap();
        (gateway, address, tokio::spawn(server.run()))
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |at: SocketAddr, target: &str| {
        let request = http.get(format!("http://{at}/nginx")).bearer_auth(&token);
        let request = request.header("x-original-method", "GET").header("x-original-uri", target);
        within("an answer", request.send()).await.unwrap().status().as_u16()
    };
    let (gateway, at, serving) = begin().await;
    assert_eq!(status(at, "/v1/books").await, 503);
    assert_eq!(status(at, "/elsewhere").await, 403);

    // The issuer comes, with a key of its own; its tokens are good as soon as it is heard.
    let issuer = Issuer::at(address).await;
    let fresh = issuer.token("books:read");
    let passes = async || {
        let request = http.get(format!("http://{at}/nginx")).bearer_auth(&fresh);
        let request = request.header("x-original-method", "GET");
        let request = request.header("x-original-uri", "/v1/books");
        request.send().await.unwrap().status() == 200
    };
    within("the issuer's keys", async { while !passes().await {} }).await;
    gateway.close();
    within("the end", serving).await.unwrap();
    gateway.shutdown().await;

    // What it has heard stays, over a restart without the issuer.
    drop(issuer);
    let (gateway, at, serving) = begin().await;
    let request = http.get(format!("http://{at}/nginx")).bearer_auth(&fresh);
    let request = request.header("x-original-method", "GET").header("x-original-uri", "/v1/books");
    assert_eq!(within("an answer", request.send()).await.unwrap().status(), 200);
    gateway.close();
    within("the end", serving).await.unwrap();
}

#[tokio::test]
async fn mistakes_are_said_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    let issuer = "https://auth.example.com";
    for (text, says) in [
        (file_of(issuer, "", ""), "gateway.toml, line 6: there is no [[route]]"),
        (file_of("http://auth.example.com", "", RULES), "keys are fetched over https"),
        (file_of(issuer, "ca_file = \"/nowhere\"", RULES), "cannot read /nowhere"),
    ] {
        std::fs::write(&file, text).unwrap();
        let started = Gateway::start(Options::new(&file, issuer)).await;
        let why = started.err().unwrap().to_string();
        assert!(why.contains(says), "{says}: {why}");
    }
    let missing = Gateway::start(Options::new(dir.path().join("none"), issuer)).await;
    assert!(missing.err().unwrap().to_string().contains("cannot read"));
}

#[tokio::test]
async fn open_requests_finish_at_the_end() {
    let mut world = World::start("", RULES).await;
    assert_eq!(world.status("GET", "/health", None).await, 200);
    world.end().await;
    let after = world.request("GET".parse().unwrap(), "/nginx").send().await;
    assert!(after.is_err());
}
