//! Every address under the credentials, asked by everybody: what a role may not do is refused by
//! the server, and what belongs to another organization is not there.

use hallpass_core::permission::Role;
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, form, list, of};
use crate::{
    ask::Ask,
    node::{Node, client_id, secret_id},
    people::other_organization_id,
};

/// Every page that shows.
fn shown() -> Vec<String> {
    let secret = secret_id("reports");
    let mut paths = vec![list(), format!("{}.csv", list()), format!("{}/rotated", list())];
    let tabs = ["", "/ready", "/ready/light", "/details", "/access", "/limits", "/secrets"];
    let more = ["/rotate", "/rotate/moving", "/activity", "/danger", "/pause"];
    paths.extend(tabs.iter().chain(&more).map(|end| of("reports", end)));
    paths.push(of("pending", "/new"));
    for deed in ["retire", "kill-tokens", "leaked"] {
        paths.push(of("reports", &format!("/secrets/{secret}/{deed}")));
    }
    paths
}

/// Every form that changes something, with fields that are good.
fn forms() -> Vec<(String, Vec<(&'static str, String)>)> {
    let secret = secret_id("reports");
    let scope = format!("{} books:read", crate::node::api_id("books"));
    let form = |end: &str, fields: &[(&'static str, &str)]| {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        (of("reports", end), fields)
    };
    let mut forms = vec![
        (list(), Vec::new()),
        (
            format!("{}/bulk", list()),
            vec![("id", client_id("reports").to_string()), ("do", "pause".to_owned())],
        ),
        form("/resume", &[]),
        form("/details", &[("name", "x")]),
        form("/access", &[("scope", &scope)]),
        form("/limits", &[]),
        form("/rotate", &[("others", "")]),
        form(&format!("/secrets/{secret}/note"), &[("note", "x")]),
        form(&format!("/secrets/{secret}/retire"), &[("live", "keep")]),
        form(&format!("/secrets/{secret}/kill-tokens"), &[]),
        form(&format!("/secrets/{secret}/leaked"), &[]),
        form("/pause", &[]),
        form("/revoke", &[("name", "x")]),
        form("/delete", &[]),
    ];
    forms.push((
        of("pending", "/new"),
        vec![("name", "x".to_owned()), ("scope", scope), ("stored", "file".to_owned())],
    ));
    forms.push((of("discarded", "/discard"), Vec::new()));
    forms.push((of("asked", "/approve"), Vec::new()));
    forms
}

async fn node() -> Node {
    Node::start()
        .with_credential("reports")
        .with_pending("pending")
        .with_pending("discarded")
        .with_pending("asked")
        .await
}

fn fields<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn auditors_see_everything_and_change_nothing() {
    let node = node().await;
    let browser = Browser::of(&node, &node.member("amir", Role::Auditor).await).await;
    for path in shown() {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    let seq = node.store.last_seq().await.unwrap();
    for (path, fields_of) in forms() {
        let answer = browser.post(&path, &fields(&fields_of)).await;
        let refused =
            [StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
        assert!(refused.contains(&answer.status), "{path}: {}", answer.status);
    }
    assert_eq!(node.store.last_seq().await.unwrap(), seq, "something was written");
}

#[tokio::test]
async fn strangers_find_nothing_and_nobody_is_let_in_without_signing_in() {
    let node = node().await;
    let elsewhere = Browser::of(&node, &node.member_elsewhere("eve", Role::Owner).await).await;
    let seq = node.store.last_seq().await.unwrap();
    let posts = forms().into_iter().map(|(path, fields)| (path, Some(fields)));
    for (path, fields_of) in shown().into_iter().map(|path| (path, None)).chain(posts) {
        // Under the name of the stranger's own organization, too.
        let own = path
            .replace(&list(), &format!("/organizations/{}/credentials", other_organization_id()));
        for path in [&path, &own] {
            let answer = match &fields_of {
                None => elsewhere.get(path).await,
                Some(of) => elsewhere.post(path, &fields(of)).await,
            };
            let names_a_credential = path.contains("hpc_");
            if path == &own && !names_a_credential && answer.status != StatusCode::NOT_FOUND {
                // Their own list, and what they may do there.
                assert!(!answer.text().contains("reports"), "{path}");
                continue;
            }
            let pending = answer.status == StatusCode::CONFLICT && path.ends_with("/new");
            assert!(answer.status == StatusCode::NOT_FOUND || pending, "{path}: {answer:?}");
            assert!(!answer.text().contains("reports"), "{path}");
        }
        let stranger = match &fields_of {
            None => Ask::get(&path),
            Some(of) => Ask::post(&path).form(form(&fields(of))),
        };
        let answer = node.send(stranger.header("accept", "text/html")).await;
        assert!(answer.header("location").starts_with("/sign-in"), "{path}: {answer:?}");
    }
    // They made one in their own organization; nothing of ours was touched.
    let changes = node.store.changes_after(seq, 100).await.unwrap();
    assert!(changes.iter().all(|change| !format!("{change:?}").contains("reports")), "{changes:?}");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let node = node().await;
    let ada = node.member("ada", Role::Owner).await;
    let cookie = node.signed_in(&ada).await;
    let seq = node.store.last_seq().await.unwrap();
    for (path, fields_of) in forms() {
        let ask = Ask::post(&path)
            .form(form(&fields(&fields_of)))
            .header("cookie", &cookie)
            .header("accept", "text/html")
            .header("sec-fetch-site", "cross-site");
        assert_eq!(node.send(ask).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(node.store.last_seq().await.unwrap(), seq, "something was written");
}
