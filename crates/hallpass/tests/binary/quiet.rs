//! What the server must not leave behind: a secret or a token in its output, or a row on disk for
//! a token.

use std::path::Path;

use reqwest::{Client, Method, header::HeaderValue};

use crate::{
    node::Node,
    place::{Login, Place, mode},
    process::within_limit,
};

/// What may be left of a text when it was quoted: any part of this length.
const TELLING: usize = 20;

/// Whether `output` holds `secret` or a telling part of it.
pub(crate) fn gives_away(output: &str, secret: &str) -> bool {
    let starts = 0..=secret.len().saturating_sub(TELLING);
    starts.step_by(4).any(|at| output.contains(&secret[at..secret.len().min(at + TELLING)]))
}

/// Every way in which a client may send its secret, and some in which it must not. What was
/// answered, but for tokens.
pub(crate) async fn send_everywhere(node: &Node, login: &Login) -> Vec<String> {
    let Login { client_id, secret } = login;
    let grant = "grant_type=client_credentials";
    let post = |path: &str| node.request(Method::POST, path);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("{grant}&client_id={client_id}&client_secret={secret}");
    let json = serde_json::json!({
        "grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
    });
    let bearer = HeaderValue::from_str(&format!("Bearer {secret}")).unwrap();
    let mut answers = Vec::new();
    for request in [
        post("/oauth/token").basic_auth(client_id, Some(secret)),
        post("/oauth/token").header(form.0, form.1).body(body.clone()),
        post("/oauth/token").json(&json),
        // In the wrong place, or in a broken request.
        post(&format!("/oauth/token?{body}")),
        post(&format!("/oauth/{secret}")),
        post("/oauth/token").basic_auth(secret, Some(client_id)),
        post("/oauth/token").header("authorization", bearer),
        post("/oauth/token").header(form.0, form.1).body(format!("{body}&client_secret={secret}")),
        post("/oauth/token").header(form.0, form.1).body(format!("{grant}&{secret}=%")),
        post("/oauth/token").header("content-type", "application/json").body(body),
        node.request(Method::GET, &format!("/revocations/stream?after={secret}")),
        node.request(Method::GET, "/healthz").header("user-agent", secret),
        node.request(Method::from_bytes(secret.as_bytes()).unwrap(), "/oauth/token"),
    ] {
        let answer = request.send().await.unwrap().text().await.unwrap();
        if !answer.contains("access_token") {
            answers.push(answer);
        }
    }
    answers
}

#[tokio::test]
async fn the_most_talkative_log_gives_nothing_away() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let api = ["--api", "Books", "--introspects", "Books"];
    let api = place.credential("the API's own", &api).await;
    let master = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    let mut planted = vec![login.secret.clone(), api.secret.clone(), master.trim().to_owned()];

    let second = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let mut output = String::new();
    for http in [None, Some(second)] {
        let mut node = Node::start(&place, &["--log-level", "trace"]).await;
        if let Some(http) = http {
            node = node.with_client(http);
        }
        send_everywhere(&node, &login).await;
        let token = node.token(&login).await.unwrap();
        node.introspect(&api, &token).await;
        node.post("/oauth/revoke", &login, &[("token", &token)]).await.unwrap();
        node.post("/oauth/revoke", &login, &[("token", &format!("{token}x"))]).await.unwrap();
        place.ask(&["credential", "rotate", "reports"]).await;
        node.caught_up(&place).await;
        planted.extend(token.split('.').skip(1).map(str::to_owned));
        let ended = node.stop().await;
        output.push_str(&ended.stdout);
        output.push_str(&ended.stderr);
    }
    assert!(output.contains("TRACE"), "nothing was traced");
    for secret in planted {
        assert!(!gives_away(&output, &secret), "{secret}");
    }
}

#[tokio::test]
async fn a_token_costs_no_statement_and_no_write() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let node = Node::start(&place, &["--usage-flush-s", "3600", "--node-report-s", "3600"]).await;
    node.token(&login).await.unwrap();
    // That a credential is used at all is written soon after its first token; no other token is.
    let noted = async { while !place.was_used("reports").await {} };
    within_limit("the note of the first use", noted).await;
    let files = || ["hallpass.db", "hallpass.db-wal"].map(|name| written(&place.data().join(name)));
    let (statements, before) = (node.metric("hallpass_store_statements").await, files());
    for _ in 0..1000 {
        node.token(&login).await.unwrap();
    }
    let run = node.metric("hallpass_store_statements").await - statements;
    // Housekeeping looks twice a second for what has expired, whether tokens are issued or not.
    assert!(run < 100, "{run} statements for 1000 tokens");
    assert_eq!(files(), before);
    node.stop().await;
}

/// Length and time of the last write.
fn written(path: &Path) -> (u64, std::time::SystemTime) {
    let meta = std::fs::metadata(path).unwrap();
    (meta.len(), meta.modified().unwrap())
}

#[tokio::test]
async fn only_its_owner_can_read_what_is_on_disk() {
    let place = Place::set_up().await;
    let out = ["--api", "Books", "--out", "reports.json"];
    let args = ["credential", "add", "reports", "--organization", crate::place::ORGANIZATION];
    let answer = place.run(&[&args[..], &out].concat()).await;
    let node = Node::start(&place, &[]).await;
    assert_eq!(mode(&place.data()), 0o700);
    for name in ["hallpass.db", "hallpass.db-wal", "hallpass.db-shm", "master.key"] {
        assert_eq!(mode(&place.data().join(name)), 0o600, "{name}");
    }
    let file = place.path("reports.json");
    assert_eq!(mode(&file), 0o600);
    let login = Login::of(&serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());
    assert!(!format!("{answer:?}").contains(&login.secret));
    node.token(&login).await.unwrap();

    // The files hold digests and sealed keys only.
    for name in ["hallpass.db", "hallpass.db-wal"] {
        let bytes = std::fs::read(place.data().join(name)).unwrap();
        assert!(!gives_away(&String::from_utf8_lossy(&bytes), &login.secret), "{name}");
    }
    node.stop().await;
}
