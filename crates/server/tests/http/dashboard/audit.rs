//! The audit log as pages and as files: what is asked for stands in the address, and nobody reads
//! what is not theirs.

use hallpass_core::{Mutation, audit::Actor, permission::Role};
use hallpass_server::management::{Caller, credentials};

use crate::{
    browser::Browser,
    node::{NOW_S, Node, client_id, organization_id},
};

fn at(end: &str) -> String {
    format!("/organizations/{}/audit{end}", organization_id())
}

/// A node on which ada has paused and resumed a credential, and somebody else did other things.
async fn with_events() -> (Node, String, String) {
    let node = Node::start().with_credential("reports").with_credential("other").await;
    let ada = node.member("ada", Role::Owner).await;
    let address = Some("192.0.2.7".parse().unwrap());
    let own = match node
        .app
        .store
        .image(&hallpass_core::change::Key::Organization(organization_id()))
        .await
        .unwrap()
    {
        Some(hallpass_core::Image::Organization(own)) => own,
        other => panic!("{other:?}"),
    };
    let caller = Caller::person(&ada, &[own], address);
    let act = node.app.act(&caller);
    for step in [credentials::Step::Pause, credentials::Step::Resume] {
        credentials::step(&act, &client_id("reports"), step).await.unwrap();
    }
    let cookie = node.signed_in(&ada).await;
    (node, cookie, ada.id.to_string())
}

#[tokio::test]
async fn events_are_said_in_words_with_who_when_and_from_where() {
    let (node, cookie, ada) = with_events().await;
    let mut browser = Browser::new(&node).with_cookie(&cookie);
    let page = browser.get(&at("")).await;
    for says in [
        "Paused a credential: its tokens are dead",
        "Resumed a credential",
        "Made a credential",
        "ada@example.com",
        "192.0.2.7",
        "operator tester",
        "has not been verified since this node started",
    ] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    // Sign-ins of people concern no organization.
    assert!(!page.text().contains(">Signed in<"));
    assert!(page.text().contains(&at(&format!("?who={}", ada.replace('_', "%5F")))));
}

#[tokio::test]
async fn the_address_says_what_is_shown() {
    let (node, cookie, ada) = with_events().await;
    let mut browser = Browser::new(&node).with_cookie(&cookie);
    let other = client_id("other");
    let today = "2025-11-24"; // NOW_S, in UTC.
    assert_eq!(NOW_S / 86_400, 20_416);
    for (query, says, says_not) in [
        (format!("who={ada}"), "Paused a credential", "Made a credential"),
        ("kind=member.".to_owned(), "Made somebody a member", "Paused a credential"),
        ("kind=credential.pause".to_owned(), "Paused a credential", "Resumed a credential"),
        (format!("subject={other}"), "Made a credential", "Paused a credential"),
        (format!("from={today}&to={today}"), "Paused a credential", "no such"),
        (format!("to={}", "2025-11-23"), "No such events", "Paused a credential"),
        ("from=tomorrow".to_owned(), "is no day; write 2026-12-31", "Paused a credential:"),
        ("before=1".to_owned(), "No such events", "Paused a credential:"),
        ("kind=%27%20OR%201=1".to_owned(), "Paused a credential", "' OR"),
    ] {
        let page = browser.get(&at(&format!("?{query}"))).await;
        assert_eq!(page.status, 200, "{query}");
        let table = page.text().split_once("<section class=\"card\">").map_or("", |(_, t)| t);
        let shown = page.text();
        assert!(shown.contains(says), "{query}: {shown}");
        assert!(!table.contains(says_not), "{query}: {table}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let (node, cookie, _) = with_events().await;
    for _ in 0..60 {
        node.commit(Mutation::PauseCredential(client_id("other"))).await;
        node.commit(Mutation::ResumeCredential(client_id("other"))).await;
    }
    let mut browser = Browser::new(&node).with_cookie(&cookie);
    let mut path = at("");
    let mut numbers: Vec<u64> = Vec::new();
    loop {
        let page = browser.get(&path).await;
        let cells = page.text().split("data-label=\"Number\" class=\"number\">").skip(1);
        numbers.extend(cells.map(|rest| rest.split('<').next().unwrap().parse::<u64>().unwrap()));
        if !page.text().contains("rel=\"next\"") {
            break;
        }
        path = page.path(&at("?before=")).clone();
    }
    assert!(numbers.len() > 120 && numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
}

#[tokio::test]
async fn files_hold_the_same_and_no_formula() {
    let (node, cookie, _) = with_events().await;
    let evil = Actor::Operator { name: "=HYPERLINK(\"http://evil.example\")".to_owned() };
    node.app.live.commit(&Mutation::PauseCredential(client_id("other")), &evil).await.unwrap();
    let mut browser = Browser::new(&node).with_cookie(&cookie);
    let csv = browser.get(&at(".csv?kind=credential.pause")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    let lines: Vec<_> = csv.text().lines().collect();
    assert!(lines[0].starts_with("number,at,who,who_id,from,action,what,subject"));
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",operator =HYPER") || lines[1].contains("\"operator =HYPER"));
    assert!(lines[2].contains("ada@example.com") && lines[2].contains("192.0.2.7"));

    let json = browser.get(&at(".json?kind=credential.pause")).await;
    let events: Vec<serde_json::Value> =
        json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["action"], "credential.pause");
    assert!(events[0]["hash"].as_str().unwrap().len() > 20, "the chain can be checked from it");
    let wrong = browser.get(&at(".csv?from=tomorrow")).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn roles_read_what_is_theirs() {
    let (node, _, _) = with_events().await;
    for (name, role, status) in
        [("adm", Role::Admin, 200), ("aud", Role::Auditor, 200), ("dev", Role::Developer, 403)]
    {
        let person = node.member(name, role).await;
        let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&person).await);
        for end in ["", ".csv", ".json"] {
            assert_eq!(browser.get(&at(end)).await.status.as_u16(), status, "{name} {end}");
        }
        assert_eq!(browser.get("/audit").await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn operators_read_everything_and_choose_an_organization() {
    let (node, _, _) = with_events().await;
    node.member_elsewhere("eve", Role::Owner).await;
    let olga = node.operator("olga").await;
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&olga).await);
    let all = browser.get("/audit").await;
    for says in ["Signed in", "Gave or took power", "Paused a credential", "All organizations"] {
        assert!(all.text().contains(says), "{says}");
    }
    let own = browser.get(&format!("/audit?organization={}", organization_id())).await;
    assert!(own.text().contains("Paused a credential") && !own.text().contains(">Signed in<"));
    let nothing = browser.get("/audit?organization=nonsense").await;
    assert!(nothing.text().contains("No such events"), "not everything instead");
}
