//! Links that let a person in once, and recovery codes.

use hallpass_core::person::LINK_S;
use hallpass_server::management::{account, people};

use crate::{
    ask::Answer,
    browser::Browser,
    node::Node,
    people::{PASSWORD, at_the_machine, caller},
};

#[tokio::test]
async fn a_link_lets_a_person_in_once() {
    let node = Node::start().await;
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let made = people::add_operator(&act, "olga@example.com".parse().unwrap(), None).await.unwrap();
    assert_eq!(made.person.name.as_str(), "olga");
    let link = format!("/sign-in/link/{}", made.link.unwrap().expose());

    let mut browser = Browser::new(&node);
    // Mail programs look at links before people do.
    for _ in 0..3 {
        assert!(browser.get(&link).await.text().contains("olga@example.com"));
    }
    assert_eq!(browser.post(&link, &[]).await.goes_to(), "/account");
    let page = browser.get("/account").await;
    assert!(page.text().contains("the link is used up"), "{}", page.text());
    for used in [browser.get(&link).await, Browser::new(&node).post(&link, &[]).await] {
        assert_eq!(used.status, 409);
    }
    // Whoever came by a link may set a password, and comes back by it.
    let answer = browser.post("/account/password", &[("password", PASSWORD)]).await;
    assert_eq!(answer.goes_to(), "/account");
    let login = [("email", "olga@example.com"), ("password", PASSWORD)];
    assert_eq!(Browser::new(&node).post("/sign-in", &login).await.goes_to(), "/");
}

#[tokio::test]
async fn links_expire_and_later_ones_take_their_place() {
    let node = Node::start().await;
    let machine = at_the_machine();
    node.person("ada").await;
    let mut links = Vec::new();
    for _ in 0..2 {
        let act = node.app.act(&machine);
        let made = people::link(&act, &"ADA@example.com".parse().unwrap()).await.unwrap();
        links.push(format!("/sign-in/link/{}", made.link.unwrap().expose()));
    }
    let mut browser = Browser::new(&node);
    assert_eq!(browser.get(&links[0]).await.status, 409, "replaced");
    assert_eq!(browser.get(&links[1]).await.status, 200);
    node.pass_s(LINK_S).await;
    assert_eq!(browser.get(&links[1]).await.status, 409, "expired");
    assert_eq!(browser.post(&links[1], &[]).await.status, 409, "expired");
    assert_eq!(browser.get("/sign-in/link/x").await.status, 409);
}

async fn recover(browser: &mut Browser<'_>, email: &str, code: &str) -> Answer {
    browser.post("/recover", &[("email", email), ("code", code)]).await
}

#[tokio::test]
async fn a_recovery_code_lets_its_person_in_once() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    node.person_with_password("bob").await;
    let themselves = caller(&ada);
    let codes = account::renew_recovery_codes(&node.app.act(&themselves), &ada).await.unwrap();
    assert_eq!(codes.len(), 10);
    let (first, second) = (codes[0].expose(), codes[1].expose());
    for (email, code, is_in) in [
        ("bob@example.com", first, false),
        ("eve@example.com", first, false),
        ("ada@example.com", "aaaa-aaaa-aaaa-aaaa", false),
        ("ada@example.com", "", false),
        ("ada@example.com", first, true),
        ("ada@example.com", first, false), // Used.
        ("Ada@example.com", &second.to_uppercase().replace('-', " "), true),
    ] {
        let mut browser = Browser::new(&node);
        let answer = recover(&mut browser, email, code).await;
        assert_eq!(answer.status.as_u16(), if is_in { 303 } else { 422 }, "{email} {code}");
        assert_eq!(browser.session().is_some(), is_in, "{email} {code}");
    }
    // Making new ones ends the old ones.
    account::renew_recovery_codes(&node.app.act(&themselves), &ada).await.unwrap();
    let answer = recover(&mut Browser::new(&node), "ada@example.com", codes[2].expose()).await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn a_stranger_cannot_tell_whose_codes_are_whose() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let themselves = caller(&ada);
    account::renew_recovery_codes(&node.app.act(&themselves), &ada).await.unwrap();
    let mut pages = Vec::new();
    let before = node.store.commits();
    for email in ["ada@example.com", "eve@example.com"] {
        let answer = recover(&mut Browser::new(&node), email, "aaaa-aaaa-aaaa-aaaa").await;
        pages.push((answer.status, answer.text().replace(email, "[email]")));
    }
    assert_eq!(pages[0], pages[1]);
    // Even a write that comes to nothing takes its time.
    assert_eq!(node.store.commits(), before);
}

#[tokio::test]
async fn guesses_at_codes_are_counted_with_those_at_passwords() {
    let node = Node::start().with_config(|config| config.failed_sign_ins_per_minute = 2).await;
    node.person_with_password("ada").await;
    for _ in 0..2 {
        recover(&mut Browser::new(&node), "ada@example.com", "guess").await;
    }
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(Browser::new(&node).post("/sign-in", &form).await.status, 429);
}
