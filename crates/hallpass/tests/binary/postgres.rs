//! Two nodes over one PostgreSQL server: what one of them makes or kills, the other knows, and what
//! one of them had acknowledged when it died is there. Without PostgreSQL nothing is done here.

use std::{fs, time::Instant};

use hallpass_store::throwaway::Cluster;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{
    journey::PROMISED,
    node::Node,
    place::{BOOKS, ISSUER, Login, ORGANIZATION, Place, text},
    process::within_limit,
    stream::Stream,
};

const CREDENTIALS: &str = "/api/v1/credentials";

/// Two machines of one installation.
struct Machines {
    a: Place,
    b: Place,
}

impl Machines {
    async fn set_up(cluster: &Cluster) -> Self {
        let url = cluster.url(&cluster.create(None).await);
        let a = Place::with_database(&url);
        a.furnish().await;
        let b = Place::with_database(&url);
        fs::create_dir(b.data()).unwrap();
        fs::copy(a.data().join("master.key"), b.data().join("master.key")).unwrap();
        Self { a, b }
    }
}

/// A program that manages credentials at one node.
struct Program {
    login: Login,
}

impl Program {
    async fn new(place: &Place) -> Self {
        let own = format!("{ISSUER}/api/v1=credentials:read,credentials:write");
        Self { login: place.credential("Automation", &["--api", &own]).await }
    }

    /// Posts to the management API of a node, which must answer.
    async fn post(&self, node: &Node, path: &str, body: &Value) -> (StatusCode, Value) {
        let token = node.token(&self.login).await.unwrap();
        let request = node.request(Method::POST, path).bearer_auth(token).json(body);
        answer(request).await.unwrap()
    }

    async fn add(&self, node: &Node, name: &str) -> Login {
        let (status, made) = self.post(node, CREDENTIALS, &reader(name)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        Login {
            client_id: text(&made["credential"], "client_id"),
            secret: text(&made, "client_secret"),
        }
    }
}

/// What a node answers; `None` if it is gone.
async fn answer(request: RequestBuilder) -> Option<(StatusCode, Value)> {
    let answer = within_limit("an answer", request.send()).await.ok()?;
    let status = answer.status();
    Some((status, within_limit("a body", answer.json()).await.ok()?))
}

/// Makes credentials until the node is gone, and returns those that it acknowledged.
async fn make(request: RequestBuilder, writer: u64) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0_u64.. {
        let request = request.try_clone().unwrap();
        match answer(request.json(&reader(&format!("reports {writer}-{number}")))).await {
            Some((StatusCode::CREATED, answer)) => {
                made.push(text(&answer["credential"], "client_id"));
            }
            Some(other) => panic!("{other:?}"),
            None => break,
        }
    }
    made
}

fn reader(name: &str) -> Value {
    json!({ "name": name, "grants": [{ "audience": BOOKS, "scopes": ["read"] }] })
}

#[tokio::test]
async fn what_one_node_does_the_other_knows_within_a_second() {
    let Some(cluster) = Cluster::shared() else { return };
    let machines = Machines::set_up(cluster).await;
    let program = Program::new(&machines.a).await;
    let a = Node::start(&machines.a, &[]).await;
    let b = Node::start(&machines.b, &[]).await;
    let mut feed = Stream::open(&b, 0).await;

    let reader = program.add(&a, "reports").await;
    let made = Instant::now();
    let waiting = async {
        loop {
            if let Ok(token) = b.token(&reader).await {
                return token;
            }
        }
    };
    let token = within_limit("a token at the other node", waiting).await;
    assert!(made.elapsed() < PROMISED, "{:?}", made.elapsed());
    assert!(feed.lets_in(&token, &b.jwks().await, BOOKS));

    let path = format!("/api/v1/credentials/{}/revoke", reader.client_id);
    let revoked = program.post(&a, &path, &json!({})).await;
    let killed = Instant::now();
    assert!(revoked.0.is_success(), "{revoked:?}");
    feed.death().await;
    let waiting = async { while b.token(&reader).await.is_ok() {} };
    within_limit("the refusal at the other node", waiting).await;
    assert!(killed.elapsed() < PROMISED, "{:?}", killed.elapsed());
    assert!(!feed.lets_in(&token, &b.jwks().await, BOOKS));
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_node_that_is_killed_loses_nothing_that_it_acknowledged() {
    let Some(cluster) = Cluster::durable() else { return };
    let machines = Machines::set_up(&cluster).await;
    let program = Program::new(&machines.a).await;
    let mut a = Node::start(&machines.a, &[]).await;
    let b = Node::start(&machines.b, &[]).await;
    let token = a.token(&program.login).await.unwrap();

    let mut acknowledged = Vec::new();
    let request = a.request(Method::POST, CREDENTIALS).bearer_auth(token);
    let start = |writer| tokio::spawn(make(request.try_clone().unwrap(), writer));
    let writers: Vec<_> = (0..4).map(start).collect();
    // It dies in the middle of the work, not before.
    let begun = machines.a.last_seq().await;
    let waiting = async { while machines.b.last_seq().await < begun + 40 {} };
    within_limit("the writers", waiting).await;
    a.process().kill();
    for writer in writers {
        acknowledged.extend(within_limit("a writer", writer).await.unwrap());
    }
    assert!(acknowledged.len() > 30);

    let all = ["credential", "list", "--organization", ORGANIZATION, "--limit", "100000"];
    let all = machines.b.ask(&all).await;
    let there: Vec<String> =
        all.as_array().unwrap().iter().map(|one| text(one, "client_id")).collect();
    for id in &acknowledged {
        assert_eq!(there.iter().filter(|known| *known == id).count(), 1, "{id}");
    }
    machines.b.whole_audit_log().await;
    // The other node goes on writing at once.
    program.add(&b, "after").await;
    b.stop().await;
}

#[tokio::test]
async fn nodes_go_on_without_their_database_and_find_it_again() {
    let Some(cluster) = Cluster::durable() else { return };
    let machines = Machines::set_up(&cluster).await;
    let reader = machines.a.reader("reports").await;
    let a = Node::start(&machines.a, &[]).await;
    let b = Node::start(&machines.b, &[]).await;
    cluster.stop();
    for node in [&a, &b] {
        node.token(&reader).await.unwrap();
    }
    let says = machines.a.refused(&["credential", "list"]).await;
    assert!(says.contains("is not available"), "{says}");
    cluster.begin();
    // Whoever was away hears of everything before it says that it is fresh.
    machines.b.ask(&["credential", "revoke", "reports"]).await;
    for node in [&a, &b] {
        node.caught_up(&machines.b).await;
        node.no_token(&reader).await;
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn every_command_says_what_is_wrong_with_a_server_and_shows_no_password() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.url(&cluster.create(None).await);
    let place = Place::with_database(&url);
    let says = place.refused(&["credential", "list"]).await;
    assert!(says.contains("has never been set up"), "{says}");
    place.furnish().await;
    let doctor = place.run(&["doctor"]).await;
    // This server is made for tests, and says so.
    assert!(doctor.stdout.contains("turn on fsync"), "{doctor:?}");
    assert!(doctor.stdout.contains("the database server's agree"), "{doctor:?}");

    for (database, wanted) in [
        ("postgres://me:s3cret@127.0.0.1:1/x?sslmode=disable", "postgres://127.0.0.1:1/x"),
        ("postgres://me:s3cret@127.0.0.1:1/x?sslmode=allow", "sslmode must be"),
        (&format!("{url}&password=s3cret").replace("/test_", "/none_"), "does not exist"),
    ] {
        let place = Place::with_database(database);
        for args in [&["init"][..], &["doctor"], &["config", "show"], &["serve"]] {
            let args = [args, &["--database-connect-timeout-s", "1"]].concat();
            let ended = place.run(&args).await;
            assert!(!format!("{ended:?}").contains("s3cret"), "{args:?}: {ended:?}");
            let showed = format!("{}{}", ended.stdout, ended.stderr);
            assert!(showed.contains(wanted) || args[0] == "config", "{args:?}: {showed}");
        }
    }
}
