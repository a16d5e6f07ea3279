//! The mistakes that people make most when they ask for a token, and the very words that they
//! get: `docs/reference/errors.md` shows them, and is compared here.

use hallpass_core::{Mutation, Timestamp};
use http::Method;

use crate::{
    ask::Ask,
    node::{Login, NOW_S, Node, ask_token, client_id, secret},
    wire::Listening,
};

const PAGE: &str = include_str!("../../../../../../docs/reference/errors.md");
const GRANT: &str = "grant_type=client_credentials";

/// The rows of the table below a heading.
fn rows(heading: &str) -> Vec<&'static str> {
    let (_, below) = PAGE.split_once(&format!("\n### {heading}\n")).unwrap();
    let table = below.split("\n#").next().unwrap();
    table.lines().filter(|line| line.starts_with('|')).skip(2).collect()
}

/// The same login in each form; the page shows what the first is answered.
fn logins(id: &str, secret: &str) -> Vec<Ask> {
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::json!({
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
    });
    vec![
        Ask::token().basic((id, secret)).form(GRANT),
        Ask::token().form(format!("{GRANT}&client_id={id}&client_secret={encoded}")),
        Ask::token().json(json.to_string()),
    ]
}

/// A node behind a proxy on this machine, where the old secret of `rotated` has just ended.
async fn node() -> Listening {
    let node = Node::start()
        .with_config(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .with_credential("reports")
        .with_credential("rotated")
        .await;
    let (secret, end) = (node.new_secret("newer"), Timestamp::from_secs(NOW_S + 3600));
    let client_id = client_id("rotated");
    node.commit(Mutation::AddSecret { client_id, secret, others_expire_at: Some(end) }).await;
    node.pass_s(3601).await;
    node.listen().await
}

#[tokio::test]
async fn each_is_answered_in_the_words_of_the_page() {
    let node = node().await;
    let login = Login::of("reports");
    let (id, own) = login.pair();
    let token = node.token("reports").await;
    let rotated = Login::of("rotated");
    let by_token = Ask::token().header("authorization", &format!("Bearer {token}")).form(GRANT);
    let at = |query: &str| Ask::post(&format!("/oauth/token?{query}"));
    let mut shown = rows("When asking for a token");
    for (mistake, asks) in [
        ("The secret has a line break at its end", logins(id, &format!("{own}\n"))),
        ("Id and secret are swapped", logins(own, id)),
        ("The id is there twice", logins(id, id)),
        ("A token stands for the secret", logins(id, &token)),
        ("A token is all that comes", vec![by_token]),
        ("The secret has expired", logins(&rotated.id, &rotated.secret)),
        ("The secret has expired, and is not the right one", logins(&rotated.id, &secret("x"))),
        ("`grant_type` stands in the query", vec![at(GRANT).basic(login.pair())]),
        (
            "The secret stands in the query",
            vec![at(&format!("{GRANT}&client_id={id}&client_secret={own}"))],
        ),
        (
            "JSON is sent as a form",
            vec![ask_token("reports").form(r#" {"grant_type":"client_credentials"} "#)],
        ),
        ("A form is sent as JSON", vec![ask_token("reports").json(GRANT)]),
        (
            "http instead of https, which the proxy passes on",
            vec![ask_token("reports").form(GRANT).header("x-forwarded-proto", "http")],
        ),
        (
            "http instead of https, which the proxy redirects",
            vec![Ask::new(Method::GET, "/oauth/token").basic(login.pair())],
        ),
    ] {
        let mut first = None;
        for ask in asks {
            let answer = node.ask(ask).await;
            let (status, code) = answer.outcome();
            let words = answer.description();
            assert!(!answer.text().contains(own) && !answer.text().contains(&token), "{mistake}");
            let row = first.get_or_insert(format!("| {mistake} | {status} `{code}` | `{words}` |"));
            assert!(row.ends_with(&format!(" | `{words}` |")), "{mistake}: {words}");
        }
        let row = first.unwrap();
        let place = shown.iter().position(|shown| shown.starts_with(&row));
        shown.remove(place.unwrap_or_else(|| panic!("the page does not have {row}")));
    }
    assert!(shown.is_empty(), "nobody makes these mistakes: {shown:?}");
}

#[tokio::test]
async fn only_a_proxy_of_ours_is_believed_that_the_request_came_in_the_clear() {
    let ours = |config: &mut hallpass_server::Config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let local = |config: &mut hallpass_server::Config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.issuer = "http://localhost:8420".to_owned();
    };
    type Edit<'a> = &'a dyn Fn(&mut hallpass_server::Config);
    for (what, edit, proto, status) in [
        ("a proxy of ours", &ours as Edit<'_>, "http", 400),
        ("in capitals", &ours, "HTTP", 400),
        ("the first of several", &ours, "http, https", 400),
        ("https", &ours, "https", 200),
        ("https, then http behind it", &ours, "https, http", 200),
        ("a stranger", &|_| (), "http", 200),
        ("an issuer for trying out", &local, "http", 200),
    ] {
        let node = Node::start().with_config(edit).with_credential("reports").await.listen().await;
        let paths = ["/oauth/token", "/oauth/revoke"];
        for path in paths {
            let ask = ask_token("reports").form(format!("{GRANT}&token=x")).at(path);
            let answer = node.ask(ask.header("x-forwarded-proto", proto)).await;
            assert_eq!(answer.status, status, "{what}, {path}: {}", answer.text());
        }
    }
}
