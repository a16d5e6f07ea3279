//! Who gets in, and to what: every route with every scope, with foreign things, with tokens that
//! are dead, and without any.

use hallpass_core::{Mutation, credential::Settings};
use http::Method;
use serde_json::json;

use super::{
    program::{BASE, EVERYTHING, Program, add_foreign, node, power},
    routes::{self, Names, ROUTES},
};
use crate::{
    ask::Ask,
    node::{Node, client_id, grant, organization_id, secret_id},
};

/// What operators alone give.
const OF_OPERATORS: &str = "organizations:read organizations:write apis:write keys:read \
                            keys:write nodes:read sign-on:write audit:read-all";

/// Whether one of these scopes is what is needed; one for all organizations is, too.
fn suffice(scopes: &str, needed: &str) -> bool {
    let all = format!("{needed}-all");
    scopes.split_whitespace().any(|scope| scope == needed || scope == all)
}

fn route(method: &str, path: &str, body: &str, of: &str) -> Ask {
    routes::ask(method, path, body, &Names::of(of))
}

fn books() -> Settings {
    Settings::new("reports".parse().unwrap(), vec![grant("books", "books:read")])
}

#[tokio::test]
async fn each_route_needs_its_scope_and_no_other_helps() {
    let scopes = format!("{EVERYTHING} {OF_OPERATORS}");
    for scope in scopes.split_whitespace() {
        let others = scopes.split_whitespace().filter(|one| *one != scope);
        let others = others.collect::<Vec<_>>().join(" ");
        let all = [("only", scope), ("others", others.as_str())];
        let start = Node::start().with_credential("reports").with_credential("prints");
        let node = node(start, &all).await;
        add_foreign(&node, "theirs", books()).await;
        let only = Program::of(&node, "only").await;
        let rest = Program::of(&node, "others").await;
        let single = ROUTES.iter().filter(|route| !route.3.is_empty() && !route.3.contains(' '));
        for (method, path, body, needs) in single {
            let refused = rest.ask(route(method, path, body, "reports")).await;
            let allowed = only.ask(route(method, path, body, "prints")).await;
            for (answer, may) in
                [(refused, suffice(&others, needs)), (allowed, suffice(scope, needs))]
            {
                let (status, code) = answer.problem();
                assert_eq!(code == "forbidden", !may, "{method} {path} {scope}: {status} {code}");
                if !may && suffice(EVERYTHING, needs) {
                    let wanted = format!("error=\"insufficient_scope\", scope=\"{needs}\"");
                    assert!(answer.header("www-authenticate").ends_with(&wanted), "{answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_belongs_to_others_is_not_found_on_any_route() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let other = add_foreign(&node, "theirs", books()).await;
    let program = Program::of(&node, "program").await;
    let before = node.app.store.last_seq().await.unwrap();
    for (method, path, body, _) in ROUTES.iter().filter(|route| route.1.contains("{id}")) {
        let answer = program.ask(route(method, path, body, "theirs")).await;
        assert_eq!(answer.problem(), (404, "not-found".to_owned()), "{method} {path}");
        let missing = program.ask(route(method, path, body, "nobody")).await;
        assert_eq!(missing.body, answer.body, "{method} {path} tells that it exists");
    }
    let path = format!("/credentials?organization_id={other}");
    assert_eq!(program.get(&path).await.problem(), (404, "not-found".to_owned()));
    assert_eq!(program.get("/credentials?organization_id=*").await.status, 403);
    let new = json!({ "name": "x", "pending": true, "organization_id": other });
    assert_eq!(program.post("/credentials", &new).await.problem().0, 404);
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn scopes_for_all_reach_every_organization() {
    let scopes = "credentials:read-all credentials:write-all";
    let node = node(Node::start().with_credential("reports"), &[("operator", scopes)]).await;
    let other = add_foreign(&node, "theirs", books()).await;
    let program = Program::of(&node, "operator").await;
    let names = |answer: crate::ask::Answer| {
        let body = answer.value();
        let items = body["items"].as_array().unwrap().clone();
        items.len()
    };
    assert_eq!(names(program.get("/credentials?organization_id=*").await), 4);
    assert_eq!(names(program.get(&format!("/credentials?organization_id={other}")).await), 1);
    let theirs = format!("/credentials/{}", client_id("theirs"));
    assert_eq!(program.post(&format!("{theirs}/pause"), &json!({})).await.status, 200);
    let new = json!({ "name": "made", "pending": true, "organization_id": other });
    let made = program.post("/credentials", &new).await;
    assert_eq!(made.value()["credential"]["organization_id"], other.as_str());
}

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", "credentials:read")]).await;
    let good = node.token("program").await;
    let of_books = node.token("reports").await;
    let forged = format!("{}x", &good[..good.len() - 1]);
    let realm = r#"Bearer realm="hallpass management API""#;
    let invalid = format!(r#"{realm}, error="invalid_token""#);
    for (authorization, status, code, challenge) in [
        (None, 401, "unauthorized", realm),
        (Some("Basic eDp5".to_owned()), 401, "unauthorized", realm),
        (Some("Bearer".to_owned()), 400, "malformed", ""),
        (Some("Bearer x".to_owned()), 401, "unauthorized", &invalid),
        (Some(format!("Bearer {forged}")), 401, "unauthorized", &invalid),
        (Some(format!("Bearer {of_books}")), 401, "unauthorized", &invalid),
        (Some(format!("bearer {good}")), 200, "", ""),
    ] {
        let ask = Ask::api(Method::GET, "/credentials");
        let ask = match &authorization {
            Some(value) => ask.header("authorization", value),
            None => ask,
        };
        let answer = node.send(ask).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{authorization:?}");
        let header = answer.header("www-authenticate");
        assert!(header.starts_with(challenge), "{authorization:?}: {header}");
        assert_eq!(header == realm, challenge == realm, "{header}");
    }
    for (method, path, body, _) in ROUTES {
        let answer = node.send(route(method, path, body, "reports")).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    let in_query = Ask::api(Method::GET, &format!("/credentials?access_token={good}"));
    assert_eq!(node.send(in_query).await.status, 401);
}

#[tokio::test]
async fn what_dies_is_refused_at_once_and_what_is_narrowed_too() {
    let id = || client_id("program");
    let narrowed = Box::new(power("program", "audit:read"));
    let mut elsewhere = Box::new(power("program", "credentials:read"));
    elsewhere.allow_list.push("192.0.2.0/24".parse().unwrap());
    for (mutation, status, code) in [
        (Mutation::PauseCredential(id()), 401, "unauthorized"),
        (Mutation::RevokeCredential(id()), 401, "unauthorized"),
        (Mutation::SuspendOrganization(organization_id()), 401, "unauthorized"),
        (
            Mutation::KillTokens { client_id: id(), secret_id: secret_id("program") },
            401,
            "unauthorized",
        ),
        (Mutation::UpdateCredential(id(), narrowed), 403, "forbidden"),
        (Mutation::UpdateCredential(id(), elsewhere), 403, "address-not-allowed"),
    ] {
        let node = node(Node::start(), &[("program", "credentials:read")]).await;
        let program = Program::of(&node, "program").await;
        assert_eq!(program.get("/credentials").await.status, 200);
        let what = format!("{mutation:?}");
        node.commit(mutation).await;
        let answer = program.get("/credentials").await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{what}");
    }
}

#[tokio::test]
async fn a_token_ends_and_an_outage_is_not_the_callers_fault() {
    let node = node(Node::start(), &[("program", "credentials:read")]).await;
    let program = Program::of(&node, "program").await;
    node.store.go_away();
    assert_eq!(program.get("/credentials").await.problem(), (503, "unavailable".to_owned()));
    node.store.come_back();
    node.pass_s(3600).await;
    assert_eq!(program.get("/credentials").await.problem(), (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn calls_are_counted_by_the_minute() {
    let start = Node::start().with_config(|config| config.management_calls_per_minute = 2);
    let node = node(start, &[("one", "credentials:read"), ("two", "credentials:read")]).await;
    let (one, two) = (Program::of(&node, "one").await, Program::of(&node, "two").await);
    for (program, status, remaining) in
        [(&one, 200, "1"), (&one, 200, "0"), (&one, 429, "0"), (&two, 200, "1")]
    {
        let answer = program.get("/credentials").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("ratelimit-remaining")),
            (status, remaining)
        );
        assert_eq!(answer.header("ratelimit-limit"), "2");
        if status == 429 {
            assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));
        }
    }
    node.pass_s(60).await;
    assert_eq!(one.get("/credentials").await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    for path in ["/credentials/x", "/credentials/org_0000000000000000000000"] {
        let answer = program.get(path).await;
        assert_eq!(answer.problem(), (404, "not-found".to_owned()), "{path}");
        assert_eq!(answer.value()["type"], "https://auth.example.com/api/docs#not-found");
    }
    let unknown = node.send(Ask::get(&format!("{BASE}/moons"))).await;
    assert_eq!(unknown.problem(), (404, "not-found".to_owned()));
    let put = program.ask(Ask::api(Method::PUT, "/credentials")).await;
    assert_eq!(put.problem(), (405, "method-not-allowed".to_owned()));
}
