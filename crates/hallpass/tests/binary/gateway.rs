//! `hallpass gateway` beside the real server, asked as nginx asks it: a kill arrives within a
//! second, a crash and an issuer that is away open nothing, and rules change while it runs.

use std::{net::SocketAddr, time::Instant};

use faults::line::Line;
use reqwest::Client;

use crate::{
    journey::PROMISED,
    node::{self, Node},
    place::{Login, ORGANIZATION, Place},
    process::{Ended, Process, within_limit},
};

const LIBRARY: &str = "https://library.example.com";

/// A running gateway.
struct Gateway {
    process: Process,
    address: SocketAddr,
    metrics: SocketAddr,
    http: Client,
}

impl Gateway {
    async fn start(place: &Place) -> Self {
        let listen = ["--gateway-listen", "127.0.0.1:0", "--gateway-metrics-listen", "127.0.0.1:0"];
        let args = [&["gateway", "--log-format", "json"][..], &listen].concat();
        let mut process = Process::start(place.command(&args), "");
        let line = match process.says("The gateway answers").await {
            Ok(line) => line,
            Err(why) => panic!("{why}: {:?}", process.ended().await),
        };
        let at = |name: &str| node::address(&line, name).unwrap();
        let http = Client::builder().no_proxy().build().unwrap();
        Self { address: at("listen"), metrics: at("metrics"), process, http }
    }

    /// What nginx is told about a request with this token.
    async fn answers(&self, target: &str, token: &str) -> u16 {
        let request = self.http.get(format!("http://{}/nginx", self.address)).bearer_auth(token);
        let request = request.header("x-original-method", "GET").header("x-original-uri", target);
        within_limit("an answer", request.send()).await.unwrap().status().as_u16()
    }

    /// Waits until a request is answered so.
    async fn comes_to_answer(&self, target: &str, token: &str, status: u16) {
        let waiting = async { while self.answers(target, token).await != status {} };
        within_limit("another answer", waiting).await;
    }

    /// Waits until the metrics have this line.
    async fn says(&self, line: &str) {
        let page = async || {
            let asked = self.http.get(format!("http://{}/metrics", self.metrics)).send();
            within_limit("metrics", asked).await.unwrap().text().await.unwrap()
        };
        let waiting = async { while !page().await.lines().any(|one| one == line) {} };
        within_limit(line, waiting).await;
    }

    async fn stop(self) -> Ended {
        self.process.terminate();
        let ended = self.process.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }

    async fn kill(mut self) {
        self.process.kill();
        self.process.ended().await;
    }
}

/// Server, network and the file of rules.
struct Guarded {
    place: Place,
    line: Line,
    node: Node,
}

impl Guarded {
    async fn begin() -> Self {
        let place = Place::set_up().await;
        let api = ["api", "add", "Library", "--audience", LIBRARY, "--scope", "books:read"];
        place.ask(&api).await;
        let line = Line::lay().await.unwrap();
        let all = Self { node: Self::node(&place, &line).await, place, line };
        all.rules("[[route]]\npath = \"/v1/**\"\nscopes = [\"books:read\"]\n");
        all
    }

    async fn node(place: &Place, line: &Line) -> Node {
        let issuer = format!("http://{}", line.address);
        let node = Node::start(place, &["--issuer", &issuer]).await;
        line.join(node.address);
        node
    }

    fn rules(&self, routes: &str) {
        let (issuer, file) = (self.line.address, self.place.path("gateway.toml"));
        let settings = format!(
            "issuer = \"http://{issuer}\"\naudience = \"{LIBRARY}\"\nstate_dir = \"state\"\n{routes}"
        );
        let new = self.place.path("gateway.new");
        std::fs::write(&new, settings).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// A credential with its token.
    async fn caller(&self, name: &str) -> (Login, String) {
        let args = ["credential", "add", name, "--organization", ORGANIZATION, "--api", LIBRARY];
        let login = Login::of(&self.place.ask(&args).await);
        self.node.caught_up(&self.place).await;
        let token = self.node.token(&login).await.unwrap();
        (login, token)
    }
}

#[tokio::test]
async fn a_revoked_credential_is_refused_by_the_gateway_within_a_second() {
    let all = Guarded::begin().await;
    let gateway = Gateway::start(&all.place).await;
    let (login, token) = all.caller("reports").await;
    let (_, bystander) = all.caller("bystander").await;
    for token in [&token, &bystander] {
        assert_eq!(gateway.answers("/v1/books", token).await, 200);
    }
    all.place.ask(&["credential", "revoke", &login.client_id]).await;
    let acknowledged = Instant::now();
    gateway.comes_to_answer("/v1/books", &token, 401).await;
    assert!(acknowledged.elapsed() < PROMISED, "after {:?}", acknowledged.elapsed());
    assert_eq!(gateway.answers("/v1/books", &bystander).await, 200);
    gateway.stop().await;
    all.node.stop().await;
}

#[tokio::test]
async fn neither_a_crash_nor_an_issuer_that_is_away_opens_anything() {
    let all = Guarded::begin().await;
    let gateway = Gateway::start(&all.place).await;
    let ((dead, revoked), (_, good)) = (all.caller("dead").await, all.caller("good").await);
    all.place.ask(&["credential", "revoke", &dead.client_id]).await;
    gateway.comes_to_answer("/v1/books", &revoked, 401).await;
    assert_eq!(gateway.answers("/v1/books", &good).await, 200);
    gateway.stop().await;

    // What it knows is on disk: it starts without the issuer, and is killed there.
    let Guarded { place, line, node } = all;
    line.cut();
    node.stop().await;
    for _ in 0..2 {
        let gateway = Gateway::start(&place).await;
        assert_eq!(gateway.answers("/v1/books", &revoked).await, 401);
        assert_eq!(gateway.answers("/v1/books", &good).await, 200);
        gateway.says("hallpass_verifier_feed_blind 1").await;
        gateway.kill().await;
    }

    // Without anything on disk, nothing can be checked and nothing gets through.
    std::fs::remove_dir_all(place.path("state")).unwrap();
    let gateway = Gateway::start(&place).await;
    for (target, status) in [("/v1/books", 503), ("/elsewhere", 403), ("/v1/../x", 400)] {
        assert_eq!(gateway.answers(target, &good).await, status, "{target}");
    }
    let node = Guarded::node(&place, &line).await;
    gateway.comes_to_answer("/v1/books", &good, 200).await;
    assert_eq!(gateway.answers("/v1/books", &revoked).await, 401);
    gateway.stop().await;
    node.stop().await;
}

#[tokio::test]
async fn rules_change_by_hangup_and_broken_ones_change_nothing() {
    let all = Guarded::begin().await;
    let gateway = Gateway::start(&all.place).await;
    let (_, token) = all.caller("reports").await;
    assert_eq!(gateway.answers("/v2/books", &token).await, 403);
    all.rules("[[route]]\npath = \"/v2/**\"\n");
    let hangup = ["-c", "kill -HUP \"$0\"", &gateway.process.id().to_string()];
    assert!(std::process::Command::new("sh").args(hangup).status().unwrap().success());
    gateway.comes_to_answer("/v2/books", &token, 200).await;
    assert_eq!(gateway.answers("/v1/books", &token).await, 403);
    all.rules("[[route]]\npath = \"v3\"\n");
    gateway.says("hallpass_gateway_rules_outdated 1").await;
    assert_eq!(gateway.answers("/v2/books", &token).await, 200);
    let ended = gateway.stop().await;
    let said = "gateway.toml, line 4: path \\\"v3\\\": no request has such a path";
    assert!(ended.stderr.contains(said), "{ended:?}");
    assert!(!ended.stderr.contains(&token), "a token in the log");
    all.node.stop().await;
}

#[tokio::test]
async fn rules_are_checked_before_they_run() {
    let place = Place::empty();
    let says = place.refused(&["gateway"]).await;
    assert!(says.contains("cannot read gateway.toml"), "{says}");
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/gateway.toml");
    let checked = place.ask(&["gateway", "--check", "--rules", rules]).await;
    let read = "GET /v1/books/**: a token for https://api.example.com with books:read";
    assert_eq!(checked["routes"][1], read);
    std::fs::write(place.path("gateway.toml"), "[[route]]\npath = \"/\"\n").unwrap();
    for args in [&["gateway", "--check"][..], &["gateway"]] {
        let says = place.refused(args).await;
        assert!(says.contains("gateway.toml, line 1: there is no audience"), "{says}");
    }
    for (option, value) in
        [("--upstream", "ftp://books"), ("--gateway-listen", "here"), ("--upstream", "books:80")]
    {
        let ended = place.run(&["gateway", option, value]).await;
        assert_eq!(ended.code, Some(2), "{option} {value}: {ended:?}");
    }
}
