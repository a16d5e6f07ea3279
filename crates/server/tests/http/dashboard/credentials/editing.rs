//! Changing what people may change: each form changes its own part, and refuses what is not good.

use hallpass_core::{
    Credential, Image, Mutation,
    change::Key,
    organization::{OrganizationStep, Policy},
    permission::Role,
};
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, of};
use crate::node::{Node, api, api_id, client_id, organization_id};

async fn reports(node: &Node) -> Credential {
    match node.store.image(&Key::Credential(client_id("reports"))).await.unwrap() {
        Some(Image::Credential(own)) => *own,
        other => panic!("{other:?}"),
    }
}

async fn world() -> Node {
    let loans = api("loans", "https://api.example.com/loans", "loans:read");
    Node::start()
        .with_api(loans)
        .with_credential_that("reports", |settings| {
            settings.allow_list.push("10.0.0.0/8".parse().unwrap());
            settings.tags = vec!["ci".parse().unwrap()];
        })
        .await
}

#[tokio::test]
async fn each_form_changes_its_own_part() {
    let node = world().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let before = reports(&node).await.settings;
    let (books, loans) = (api_id("books").to_string(), api_id("loans").to_string());
    let (read, lend) = (format!("{books} books:read"), format!("{loans} loans:read"));

    browser.send_form(&of("reports", "/details"), &[("name", "Weekly"), ("tags", "a, b, a")]).await;
    let mut wanted = before.clone();
    wanted.name = "Weekly".parse().unwrap();
    wanted.tags = vec!["a".parse().unwrap(), "b".parse().unwrap()];
    assert_eq!(reports(&node).await.settings, wanted);

    let fields = [("scope", &*read), ("scope", &*lend), ("default_api", &*loans)];
    browser.send_form(&of("reports", "/access"), &fields).await;
    let grants = reports(&node).await.settings.grants;
    let granted: Vec<_> =
        grants.iter().map(|grant| (grant.api_id.as_str(), grant.scopes.as_str())).collect();
    assert_eq!(granted, [(&*loans, "loans:read"), (&*books, "books:read")]);
    wanted.grants = grants;

    let fields = [
        ("ends", "own"),
        ("own_end", "2027-01-31T12:00:01"),
        ("addresses", "2001:db8::/32\n192.0.2.7"),
    ];
    browser.send_form(&of("reports", "/limits"), &fields).await;
    let after = reports(&node).await.settings;
    assert_eq!(after.expires_at.unwrap().as_secs(), 1_801_396_801);
    assert_eq!(after.allow_list.len(), 2);
    (wanted.expires_at, wanted.allow_list) = (after.expires_at, after.allow_list.clone());
    assert_eq!(after, wanted);
    let page = browser.get(&of("reports", "/limits")).await;
    assert!(page.text().contains("value=\"2027-01-31T12:00:01\""), "{}", page.text());
}

#[tokio::test]
async fn what_is_not_good_changes_nothing_and_comes_back() {
    let node = world().await;
    let policy = Policy { allow_list_required: true, ..Policy::default() };
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let before = reports(&node).await;
    for (tab, fields, says) in [
        ("/details", &[("name", "")][..], "A name must not be empty"),
        ("/access", &[], "Choose at least one API"),
        ("/access", &[("scope", "x y")], "does not exist any more"),
        ("/limits", &[("addresses", "")], "wants an IP allow-list"),
        ("/limits", &[("addresses", "x"), ("ends", "")], "Line 1: “x”"),
        ("/limits", &[("addresses", "::1"), ("ends", "2020-01-01T00:00")], "lies in the past"),
    ] {
        let page = browser.post(&of("reports", tab), fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{tab} {fields:?}");
        assert!(page.text().contains(says), "{tab} {fields:?}: {}", page.text());
    }
    assert_eq!(reports(&node).await, before);
}

#[tokio::test]
async fn an_apis_own_credential_stays_one() {
    let node = world().await;
    let browser = Browser::of(&node, &node.operator("olga").await).await;
    let own = crate::node::OWN;
    let page = browser.get(&of(own, "/details")).await;
    assert_eq!(page.status, StatusCode::OK);
    let read = format!("{} books:read", api_id("books"));
    browser.send_form(&of(own, "/access"), &[("scope", &read)]).await;
    let Some(Image::Credential(after)) =
        node.store.image(&Key::Credential(client_id(own))).await.unwrap()
    else {
        panic!("it is gone")
    };
    assert_eq!(after.settings.introspects, [api_id("books")]);
}
