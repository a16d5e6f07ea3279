//! What people change about their own account, and that it ends what others may hold of it.

use hallpass_core::person::PersonStep;

use crate::{ask::Ask, browser::Browser, node::Node, people::PASSWORD};

const NEW_PASSWORD: &str = "seven purple otters knitting";

async fn signed_in<'a>(node: &'a Node) -> Browser<'a> {
    let mut browser = Browser::new(node);
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post("/sign-in", &form).await.goes_to();
    browser
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let (mut here, mut there) = (signed_in(&node).await, signed_in(&node).await);
    let before = here.session();
    let form = [("password", NEW_PASSWORD)];
    assert_eq!(here.post("/account/password", &form).await.goes_to(), "/account");
    assert_ne!(here.session(), before, "a new name for the session");
    assert!(here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
    assert!(!Browser::new(&node).with_cookie(&before.unwrap()).is_signed_in().await, "a copy");
    for (password, status) in [(PASSWORD, 422), (NEW_PASSWORD, 303)] {
        let form = [("email", "ada@example.com"), ("password", password)];
        let answer = Browser::new(&node).post("/sign-in", &form).await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn weak_passwords_are_refused() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut browser = signed_in(&node).await;
    for (password, says) in [
        ("short", "At least 12 characters"),
        ("passwordpassword", "easily guessed"),
        ("ada@example.com", "easily guessed"),
        (&"k7#Vq9!zLm2x".repeat(22), "t most 256 characters"),
    ] {
        let page = browser.post("/account/password", &[("password", password)]).await;
        assert_eq!(page.status, 422, "{password}");
        assert!(page.text().contains(says), "{password}");
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn what_lets_people_in_wants_a_recent_proof() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut browser = signed_in(&node).await;
    node.pass_s(901).await;
    for ask in [Ask::get("/account/password"), Ask::post("/account/recovery-codes").form("")] {
        let way = browser.send(ask.header("sec-fetch-site", "same-origin")).await;
        assert!(way.goes_to().starts_with("/confirm"), "{way:?}");
    }
    let form = [("password", NEW_PASSWORD)];
    assert_eq!(browser.post("/account/password", &form).await.goes_to(), "/confirm");

    let confirm = "/confirm?next=/account/password";
    assert_eq!(browser.get(confirm).await.heading(), "Is it you?");
    let wrong = [("password", "wrong"), ("next", "/account/password")];
    assert_eq!(browser.post("/confirm", &wrong).await.status, 422);
    assert!(browser.get("/account/password").await.goes_to().starts_with("/confirm"));
    let right = [("password", PASSWORD), ("next", "/account/password")];
    assert_eq!(browser.post("/confirm", &right).await.goes_to(), "/account/password");
    assert_eq!(browser.get("/account/password").await.heading(), "Set password");
    let elsewhere = [("password", PASSWORD), ("next", "https://evil.example/")];
    assert_eq!(browser.post("/confirm", &elsewhere).await.goes_to(), "/");
}

#[tokio::test]
async fn guesses_at_an_open_screen_are_limited() {
    let node = Node::start().with_config(|config| config.failed_sign_ins_per_minute = 2).await;
    node.person_with_password("ada").await;
    let mut browser = signed_in(&node).await;
    for status in [422, 422, 429] {
        let answer = browser.post("/confirm", &[("password", "guess")]).await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn recovery_codes_are_shown_once() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let mut browser = signed_in(&node).await;
    assert!(browser.get("/account").await.text().contains("You have none."));
    let page = browser.post("/account/recovery-codes", &[]).await;
    assert_eq!(page.header("cache-control"), "no-store");
    let (_, rest) = page.text().split_once(r#"<code id="codes">"#).unwrap();
    let codes: Vec<_> = rest.split_once("</code>").unwrap().0.split_whitespace().collect();
    assert_eq!(codes.len(), 10);
    assert!(browser.get("/account").await.text().contains("10 of 10 are left"));
    let form = [("email", ada.email.as_str()), ("code", codes[3])];
    assert_eq!(Browser::new(&node).post("/recover", &form).await.goes_to(), "/account");
    let page = browser.get("/account").await;
    assert!(page.text().contains("9 of 10 are left"));
    assert!(codes.iter().all(|code| !page.text().contains(code)));
}

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_them() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let eve = node.person_with_password("eve").await;
    node.signed_in(&eve).await;
    let (mut here, mut there) = (signed_in(&node).await, signed_in(&node).await);
    let page = here.get("/account/sessions").await;
    assert_eq!(page.text().matches("/end\"").count(), 2, "only her own");
    assert_eq!(page.text().matches("This one").count(), 1);

    let sessions = node.app.store.sessions(&ada.id).await.unwrap();
    let own = here.session().unwrap().split_once('=').unwrap().1.to_owned();
    let own = hallpass_core::opaque::Opaque::presented(&own).digest();
    let other = sessions.iter().map(|seen| &seen.session.id).find(|id| **id != own).unwrap();
    let end = format!("/account/sessions/{other}/end");
    assert_eq!(here.post(&end, &[]).await.goes_to(), "/account/sessions");
    assert!(!there.is_signed_in().await);
    assert_eq!(here.post(&end, &[]).await.status, 404, "sent twice");

    let of_eve = &node.app.store.sessions(&eve.id).await.unwrap()[0].session.id;
    let answer = here.post(&format!("/account/sessions/{of_eve}/end"), &[]).await;
    assert_eq!(answer.status, 404, "somebody else's");

    let mut there = signed_in(&node).await;
    assert_eq!(here.post("/account/sessions", &[]).await.goes_to(), "/sign-in");
    assert!(!here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
}

#[tokio::test]
async fn a_person_is_called_as_they_like() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let mut browser = signed_in(&node).await;
    for (name, status) in [("", 422), (&*"x".repeat(101), 422), ("Ada <b>Example</b>", 303)] {
        let answer = browser.post("/account/name", &[("name", name)]).await;
        assert_eq!(answer.status.as_u16(), status, "{name}");
    }
    let page = browser.get("/account").await;
    assert!(page.text().contains("Ada &#60;b&#62;Example"), "{}", page.text());
    node.take(&ada, PersonStep::EndSessions).await;
    assert!(!browser.is_signed_in().await);
}
