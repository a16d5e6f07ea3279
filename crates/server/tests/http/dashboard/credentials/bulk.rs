//! Several credentials at once.

use hallpass_core::{Image, change::Key, credential::Status, permission::Role};
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, list};
use crate::{
    ask::Ask,
    node::{Node, client_id},
};

async fn node() -> Node {
    let mut start = Node::start();
    for name in ["a", "b", "c"] {
        start = start.with_credential(name);
    }
    start.with_pending("d").await
}

fn ids(names: &[&str]) -> Vec<(&'static str, String)> {
    names.iter().map(|name| ("id", client_id(name).to_string())).collect()
}

async fn statuses(node: &Node) -> Vec<&'static str> {
    let mut words = Vec::new();
    for name in ["a", "b", "c", "d"] {
        match node.store.image(&Key::Credential(client_id(name))).await.unwrap() {
            Some(Image::Credential(own)) => words.push(own.status.word()),
            other => panic!("{other:?}"),
        }
    }
    words
}

#[tokio::test]
async fn those_that_are_ticked_are_paused_and_no_others() {
    let node = node().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = format!("{}/bulk", list());
    let (a, b) = (client_id("a"), client_id("b"));
    let ask = browser.get(&format!("{path}?id={a}&id={b}&do=pause")).await;
    assert!(ask.text().contains("Pause 2 credentials?"), "{}", ask.text());
    let fields = [ids(&["a", "b", "d"]), vec![("do", "pause".to_owned())]].concat();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    for _ in 0..2 {
        browser.send_form(&path, &fields).await;
        // What cannot be paused does not hold up the others.
        assert_eq!(statuses(&node).await, ["paused", "paused", "active", "pending"]);
    }
    for query in ["do=pause", "do=burn&id=x", ""] {
        let answer = browser.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn each_of_those_that_are_ticked_gets_a_second_secret_shown_once() {
    let node = node().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = format!("{}/bulk", list());
    let others = ("others", "2025-12-01T00:00:00".to_owned());
    let fields = [ids(&["a", "b"]), vec![("do", "rotate".to_owned()), others]].concat();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let (to, page) = browser.send_form(&path, &fields).await;
    let secrets: Vec<String> = page
        .text()
        .split("hps_")
        .skip(1)
        .map(|rest| format!("hps_{}", rest.split('<').next().unwrap()))
        .collect();
    assert_eq!(secrets.len(), 2, "{}", page.text());
    for (name, secret) in ["a", "b"].into_iter().zip(&secrets) {
        let ask = Ask::token().basic((client_id(name).as_str(), secret.as_str()));
        let answer = node.send(ask.form("grant_type=client_credentials")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
    }
    let again = browser.get(&to).await;
    assert!(!again.text().contains("hps_"));
    assert!(again.text().contains("were shown once"));
    assert_eq!(statuses(&node).await, ["active", "active", "active", "pending"]);
    assert!(matches!(
        node.store.image(&Key::Credential(client_id("c"))).await.unwrap(),
        Some(Image::Credential(own)) if own.secrets.len() == 1 && own.status == Status::Active
    ));
}

#[tokio::test]
async fn as_many_as_one_go_may_take_fit_into_the_cookie() {
    let names: Vec<String> = (0..26).map(|number| format!("c{number}")).collect();
    let mut start = Node::start();
    for name in &names {
        start = start.with_credential(name);
    }
    let node = start.await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    for (count, status) in [(26, StatusCode::BAD_REQUEST), (25, StatusCode::SEE_OTHER)] {
        let ids: Vec<String> =
            names.iter().take(count).map(|name| client_id(name).to_string()).collect();
        let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
        fields.extend([("do", "rotate"), ("others", "2025-12-01T00:00:00")]);
        let answer = browser.post(&format!("{}/bulk", list()), &fields).await;
        assert_eq!(answer.status, status, "{count}");
        assert!(
            answer.status == StatusCode::BAD_REQUEST || answer.header("set-cookie").len() < 4096
        );
    }
    let page = browser.get(&format!("{}/rotated", list())).await;
    assert_eq!(page.text().matches("hps_").count(), 25);
}
