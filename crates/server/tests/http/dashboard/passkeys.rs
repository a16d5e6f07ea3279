//! Passkeys over HTTP: made, used, and refused when anything about the answer is not as asked.
//! What an answer may look like is the core's to test; that real browsers agree, the browser's.

use serde_json::Value;

use crate::{
    ask::{Answer, Ask},
    authenticator::Authenticator,
    browser::Browser,
    node::Node,
    people::PASSWORD,
};

async fn signed_in<'a>(node: &'a Node, email: &str) -> Browser<'a> {
    let mut browser = Browser::new(node);
    browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await.goes_to();
    browser
}

async fn options(browser: &mut Browser<'_>, path: &str) -> Value {
    let ask = Ask::post(path).header("sec-fetch-site", "same-origin");
    browser.send(ask).await.value()
}

/// Adds a passkey to the account of whoever is signed in.
async fn add(browser: &mut Browser<'_>, name: &str) -> Authenticator {
    let options = options(browser, "/account/passkeys/options").await;
    let (authenticator, answer) = Authenticator::create(name, &options);
    let form = [("name", name), ("answer", &answer)];
    assert_eq!(browser.post("/account/passkeys", &form).await.goes_to(), "/account/passkeys");
    authenticator
}

async fn use_it(browser: &mut Browser<'_>, path: &str, with: &mut Authenticator) -> Answer {
    let options = options(browser, "/sign-in/passkey/options").await;
    let answer = with.answer(&options);
    browser.post(path, &[("answer", &answer), ("next", "/account")]).await
}

#[tokio::test]
async fn a_passkey_signs_its_owner_in_without_a_word() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut passkey = add(&mut signed_in(&node, "ada@example.com").await, "laptop").await;
    let mut browser = Browser::new(&node);
    let answer = use_it(&mut browser, "/sign-in/passkey", &mut passkey).await;
    assert_eq!(answer.goes_to(), "/account");
    let page = browser.get("/account/sessions").await;
    assert!(page.text().contains("passkey"), "{}", page.text());
    let page = browser.get("/account/passkeys").await;
    assert!(page.text().contains("laptop") && page.text().contains("last used"));
}

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut passkey = add(&mut signed_in(&node, "ada@example.com").await, "laptop").await;

    let mut browser = Browser::new(&node);
    let asked = options(&mut browser, "/sign-in/passkey/options").await;
    let cookies = browser.cookies.clone();
    let answer = passkey.answer(&asked);
    let form = [("answer", &*answer)];
    let refused = Browser::new(&node).post("/sign-in/passkey", &form).await;
    assert_eq!(refused.status, 422, "in another browser");
    assert_eq!(browser.post("/sign-in/passkey", &form).await.goes_to(), "/");
    let mut thief = Browser::new(&node);
    thief.cookies = cookies;
    assert_eq!(thief.post("/sign-in/passkey", &form).await.status, 422, "played again");
    assert_eq!(thief.session(), None);

    let mut late = Browser::new(&node);
    let asked = options(&mut late, "/sign-in/passkey/options").await;
    node.clock.advance_secs(300);
    let answer = passkey.answer(&asked);
    assert_eq!(late.post("/sign-in/passkey", &[("answer", &answer)]).await.status, 422, "late");
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    node.person_with_password("eve").await;
    let mut passkey = add(&mut signed_in(&node, "ada@example.com").await, "laptop").await;
    // Unknown here, though its answer is flawless.
    let mut of_eve = signed_in(&node, "eve@example.com").await;
    let asked = options(&mut of_eve, "/account/passkeys/options").await;
    let (mut stranger, _) = Authenticator::create("stranger", &asked);
    let mut browser = Browser::new(&node);
    assert_eq!(use_it(&mut browser, "/sign-in/passkey", &mut stranger).await.status, 422);
    // The id of another's passkey, with an own key.
    stranger.id.clone_from(&passkey.id);
    assert_eq!(use_it(&mut browser, "/sign-in/passkey", &mut stranger).await.status, 422);
    for answer in ["", "{}", "null", "{\"id\":\"x\"}"] {
        options(&mut browser, "/sign-in/passkey/options").await;
        let refused = browser.post("/sign-in/passkey", &[("answer", answer)]).await;
        assert_eq!(refused.status, 422, "{answer}");
        assert!(refused.text().contains("That passkey does not work here."));
    }
    assert_eq!(browser.session(), None);
    // A copy of the authenticator, which has not counted along.
    assert_eq!(use_it(&mut browser, "/sign-in/passkey", &mut passkey).await.status, 303);
    passkey.counter = 1;
    assert_eq!(
        use_it(&mut Browser::new(&node), "/sign-in/passkey", &mut passkey).await.status,
        422
    );
}

#[tokio::test]
async fn a_passkey_confirms_only_its_owner() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    node.person_with_password("eve").await;
    let mut browser = signed_in(&node, "ada@example.com").await;
    let mut own = add(&mut browser, "laptop").await;
    let mut of_eve = add(&mut signed_in(&node, "eve@example.com").await, "phone").await;
    node.pass_s(901).await;
    assert!(browser.get("/account/passkeys").await.goes_to().starts_with("/confirm"));
    let confirm = "/confirm/passkey";
    assert_eq!(use_it(&mut browser, confirm, &mut of_eve).await.status, 422);
    assert!(browser.get("/account/passkeys").await.goes_to().starts_with("/confirm"));
    assert_eq!(use_it(&mut browser, confirm, &mut own).await.goes_to(), "/account");
    assert_eq!(browser.get("/account/passkeys").await.heading(), "Passkeys");
}

#[tokio::test]
async fn removing_a_passkey_ends_every_other_session() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut here = signed_in(&node, "ada@example.com").await;
    let mut passkey = add(&mut here, "laptop").await;
    let mut there = Browser::new(&node);
    use_it(&mut there, "/sign-in/passkey", &mut passkey).await.goes_to();
    let path = format!("/account/passkeys/{}", passkey.id);
    let renamed = here.post(&format!("{path}/name"), &[("name", "Old laptop")]).await;
    assert_eq!(renamed.goes_to(), "/account/passkeys");
    assert!(here.get("/account/passkeys").await.text().contains("Old laptop"));
    assert!(there.is_signed_in().await);
    let removed = here.post(&format!("{path}/remove"), &[]).await;
    assert_eq!(removed.goes_to(), "/account/passkeys");
    assert!(here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
    assert_eq!(use_it(&mut there, "/sign-in/passkey", &mut passkey).await.status, 422);
    assert_eq!(here.post(&format!("{path}/remove"), &[]).await.status, 404, "sent twice");
}

#[tokio::test]
async fn a_server_without_a_name_offers_no_passkeys() {
    let config = |config: &mut hallpass_server::Config| {
        config.issuer = "http://127.0.0.1:8420".to_owned();
    };
    let node = Node::start().with_config(config).await;
    let mut browser = Browser::new(&node);
    assert!(!browser.get("/sign-in").await.text().contains("passkey"));
    let ask = Ask::post("/sign-in/passkey/options").header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(ask).await.status, 404);
}
