//! Pages and their files are sent compressed, unless they show a secret.

use hallpass_core::permission::Role;

use crate::{
    ask::{Answer, Ask},
    browser::Browser,
    node::{Node, organization_id},
};

async fn get(browser: &mut Browser<'_>, path: &str) -> Answer {
    browser.send(Ask::get(path).header("accept-encoding", "gzip, br")).await
}

async fn post(browser: &mut Browser<'_>, path: &str, form: &str) -> Answer {
    let ask = Ask::post(path).form(form.to_owned()).header("accept-encoding", "gzip, br");
    browser.send(ask.header("sec-fetch-site", "same-origin")).await
}

#[tokio::test]
async fn pages_and_files_are_compressed_for_those_who_ask() {
    let node = Node::start().await;
    let mut browser = Browser::new(&node);
    let style = hallpass_server::dashboard::assets::path("hallpass.css");
    for path in ["/sign-in", "/api/docs", &style] {
        let plain = browser.get(path).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let small = get(&mut browser, path).await;
        assert_eq!(small.header("content-encoding"), "gzip", "{path}");
        assert!(small.header("vary").contains("accept-encoding"), "{path}: {small:?}");
        assert!(small.body.len() * 2 < plain.body.len(), "{path}: {} bytes", small.body.len());
    }
    let icon = hallpass_server::dashboard::assets::path("favicon.svg");
    assert_eq!(get(&mut browser, &icon).await.header("content-encoding"), "", "it is tiny");
}

#[tokio::test]
async fn what_shows_a_secret_is_not_compressed() {
    let node = Node::start().await;
    let owner = node.member("olga", Role::Owner).await;
    let operator = node.operator("nina").await;
    let home = format!("/organizations/{}", organization_id());
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&owner).await);
    let way = post(&mut browser, &format!("{home}/credentials"), "").await.goes_to().to_owned();
    let shown = get(&mut browser, &way).await;
    assert!(shown.text().contains("hps_") && shown.header("content-encoding").is_empty());
    // What the form brings back is the secret once more.
    let (_, rest) = shown.text().split_once(r#"name="kept" value=""#).unwrap();
    let kept = rest.split_once('"').unwrap().0;
    let again = post(&mut browser, &way, &format!("name=&kept={kept}")).await;
    assert!(again.text().contains("hps_") && again.header("content-encoding").is_empty());
    let without = get(&mut browser, &way).await;
    assert_eq!(without.header("content-encoding"), "gzip");

    let webhook = "url=https%3A%2F%2Fhooks.example.com%2Fx&kinds=leaked";
    for (path, form, shows) in [
        ("/account/recovery-codes", "", r#"id="codes""#),
        (&*format!("{home}/members"), "email=new%40example.com&role=auditor", "/invitations/"),
        (&*format!("{home}/settings/webhooks/new"), webhook, "whsec_"),
    ] {
        let answer = post(&mut browser, path, form).await;
        assert_eq!(answer.header("content-encoding"), "", "{path}");
        assert!(answer.text().contains(shows), "{path}: {answer:?}");
    }
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&operator).await);
    let answer = post(&mut browser, "/operators", "email=new%40example.com").await;
    assert_eq!(answer.header("content-encoding"), "");
    assert!(answer.text().contains("/sign-in/link/"), "{answer:?}");
}
