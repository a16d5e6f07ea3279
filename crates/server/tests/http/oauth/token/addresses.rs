//! A credential's allow-list is kept by the address of the real caller, which nobody can claim.

use hallpass_core::credential::Settings;

use crate::node::{Node, Start, ask_token};

fn limited(settings: &mut Settings) {
    settings.allow_list = vec!["203.0.113.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
}

fn start() -> Start {
    Node::start().with_credential_that("reports", limited)
}

#[tokio::test]
async fn only_allowed_addresses_get_tokens() {
    let node = start()
        .with_config(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()])
        .await
        .listen()
        .await;
    for (forwarded, allowed) in [
        ("203.0.113.9", true),
        ("2001:db8::9", true),
        ("::ffff:203.0.113.9", true),
        ("198.51.100.9", false),
        ("2001:db9::9", false),
        // The last address that is not a proxy's counts, whatever was there before.
        ("203.0.113.9, 198.51.100.9", false),
        ("198.51.100.9, 203.0.113.9", true),
        ("198.51.100.9, 203.0.113.9, 127.0.0.1", true),
        // A limit that cannot be checked must not pass.
        ("unknown", false),
        ("203.0.113.9:1234", false),
        ("", false),
    ] {
        let answer = node.ask_from(forwarded, ask_token("reports")).await;
        let wanted = if allowed { 200 } else { 400 };
        assert_eq!(answer.status, wanted, "{forwarded}: {}", answer.text());
        assert_eq!(answer.code() == "unauthorized_client", !allowed, "{forwarded}");
    }
}

#[tokio::test]
async fn a_strangers_forwarded_address_is_not_believed() {
    let node = start().await.listen().await;
    let answer = node.ask_from("203.0.113.9", ask_token("reports")).await;
    assert_eq!(answer.outcome(), (400, "unauthorized_client".to_owned()));
}

#[tokio::test]
async fn whose_secret_is_wrong_hears_nothing_of_the_allow_list() {
    let node = start().await.listen().await;
    let id = crate::node::client_id("reports");
    let ask = crate::ask::Ask::token().basic((id.as_str(), "guess"));
    let answer = node.ask_from("203.0.113.9", ask).await;
    assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()));
    assert!(!answer.description().contains("address"));
}
