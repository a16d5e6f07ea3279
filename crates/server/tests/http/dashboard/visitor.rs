//! Who is let in to a page, and who is sent where first.

use axum::{Router, response::Html, routing::get};
use hallpass_core::{Mutation, permission::Role, person::PersonStep};
use hallpass_server::web::{
    error_page::PageError,
    visitor::{Here, OperatorHere, Visitor},
};

use crate::{
    ask::{Answer, Ask},
    node::{Node, client_id, organization_id},
    people::other_organization_id,
};

/// Three pages, for everybody, for members and for operators, and one for those who have proved
/// lately who they are.
fn pages(node: &Node) -> Router {
    let careful = async |visitor: Visitor| -> Result<Html<&str>, PageError> {
        visitor.must_have_confirmed()?;
        Ok(Html("done"))
    };
    let pages = Router::new()
        .route("/account", get(async |visitor: Visitor| Html(visitor.person.name.to_string())))
        .route("/account/danger", get(careful).post(careful))
        .route(
            "/organizations/{organization}/credentials/{client_id}",
            get(async |here: Here| {
                let of_page = here.visitor.page.person.unwrap().here.unwrap();
                Html(format!("{} {}", of_page.name, of_page.role))
            }),
        )
        .route(
            "/keys",
            get(async |OperatorHere(visitor): OperatorHere| Html(visitor.person.name.to_string())),
        );
    hallpass_server::dashboard::dressed(&node.app, pages).with_state(node.app.clone())
}

fn credential_of(organization: &str) -> String {
    format!("/organizations/{organization}/credentials/{}", client_id("x"))
}

#[tokio::test]
async fn each_is_let_in_to_what_is_theirs() {
    let node = Node::start().await;
    let member = node.member("ada", Role::Developer).await;
    let elsewhere = node.member_elsewhere("eve", Role::Owner).await;
    let operator = node.operator("olga").await;
    let pages = pages(&node);
    let own = credential_of(organization_id().as_str());
    let other = credential_of(other_organization_id().as_str());
    let nowhere = credential_of("org_0000000000000000000000");
    for (person, path, wanted) in [
        (&member, "/account", Some("ada")),
        (&member, &own, Some("Customer developer")),
        (&member, &other, None),
        (&member, &nowhere, None),
        (&member, &credential_of("x"), None),
        (&member, "/keys", None),
        (&elsewhere, &own, None),
        (&elsewhere, &other, Some("Other owner")),
        (&elsewhere, "/keys", None),
        (&operator, "/keys", Some("olga")),
        (&operator, &own, Some("Customer ")),
        (&operator, &other, Some("Other ")),
        (&operator, &nowhere, None),
    ] {
        let cookie = node.signed_in(person).await;
        let ask = Ask::get(path).header("cookie", &cookie).header("accept", "text/html");
        let answer = node.send_to(&pages, ask).await;
        match wanted {
            Some(text) => assert_eq!(answer.text(), text, "{path}"),
            None => assert_eq!(answer.status, 404, "{} {path}", person.name),
        }
    }
}

#[tokio::test]
async fn a_stranger_signs_in_first_and_comes_back() {
    let node = Node::start().await;
    let own = credential_of(organization_id().as_str());
    for (ask, goes_to) in [
        (Ask::get("/account"), "/sign-in?next=/account".to_owned()),
        (Ask::get("/account/danger?a=b&c"), "/sign-in?next=/account/danger%3Fa%3Db%26c".to_owned()),
        (Ask::get(&own), format!("/sign-in?next={own}")),
        (Ask::get("/keys"), "/sign-in?next=/keys".to_owned()),
        (Ask::post("/account/danger"), "/sign-in".to_owned()),
        (from("https://auth.example.com/account?x=1"), "/sign-in?next=/account%3Fx%3D1".to_owned()),
        (from("https://auth.example.com.evil.example/account"), "/sign-in".to_owned()),
        (from("https://evil.example/account"), "/sign-in".to_owned()),
    ] {
        let answer = node.send_to(&pages(&node), ask.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, &*goes_to),
            "{ask:?}"
        );
    }
}

/// A form that was on this page.
fn from(page: &str) -> Ask {
    Ask::post("/account/danger").header("referer", page)
}

#[tokio::test]
async fn a_session_ends_in_time_and_when_it_is_told_to() {
    async fn is_in(node: &Node, cookie: &str) -> bool {
        let answer = node.send(Ask::get("/").header("cookie", cookie)).await;
        answer.header("location") == format!("/organizations/{}/credentials", organization_id())
    }
    let node = Node::start().await;
    let ada = node.member("ada", Role::Developer).await;

    let cookie = node.signed_in(&ada).await;
    for _ in 0..11 {
        node.pass_s(3600).await;
        assert!(is_in(&node, &cookie).await);
    }
    node.pass_s(3600).await;
    assert!(!is_in(&node, &cookie).await, "12 hours have passed");

    let cookie = node.signed_in(&ada).await;
    node.pass_s(7199).await;
    assert!(is_in(&node, &cookie).await);
    node.pass_s(7200).await;
    assert!(!is_in(&node, &cookie).await, "nobody was there for 2 hours");

    let cookie = node.signed_in(&ada).await;
    assert!(is_in(&node, &cookie).await);
    node.commit(Mutation::ChangePerson(ada.id.clone(), PersonStep::EndSessions)).await;
    assert!(!is_in(&node, &cookie).await, "all sessions were ended");

    for odd in ["", "__Host-hallpass=", "__Host-hallpass=x", "hallpass=x"] {
        assert!(!is_in(&node, odd).await, "{odd}");
    }
}

#[tokio::test]
async fn what_cannot_be_undone_wants_a_recent_proof() {
    async fn try_it(node: &Node, ask: Ask, cookie: &str) -> Answer {
        node.send_to(&pages(node), ask.header("cookie", cookie)).await
    }
    let node = Node::start().await;
    let ada = node.member("ada", Role::Developer).await;
    let cookie = node.signed_in(&ada).await;
    node.pass_s(15 * 60).await;
    assert_eq!(try_it(&node, Ask::get("/account/danger"), &cookie).await.status, 200);
    node.pass_s(1).await;
    for (ask, goes_to) in [
        (Ask::get("/account/danger"), "/confirm?next=/account/danger"),
        (from("https://auth.example.com/account"), "/confirm?next=/account"),
        (Ask::post("/account/danger"), "/confirm"),
    ] {
        let answer = try_it(&node, ask, &cookie).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, goes_to));
    }
    assert_eq!(try_it(&node, Ask::get("/account"), &cookie).await.status, 200);
}
