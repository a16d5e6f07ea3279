//! Add API credential: the secret is shown once, mistakes cost nothing, and nothing happens twice.

use hallpass_core::{
    ClientId, Image, Mutation,
    change::Key,
    credential::Status,
    organization::{OrganizationStep, Policy},
    permission::Role,
};
use hallpass_store::{AuditFilter, Store};
use http::StatusCode;
use insta::assert_snapshot;

use super::{Browser, hidden, list, secret_on};
use crate::{
    ask::{Answer, Ask},
    node::{Node, api_id, organization_id},
};

const ONCE: &str = "__Host-hallpass-once";

/// Presses the button, and returns the way to the form.
async fn press(browser: &Browser<'_>) -> String {
    let answer = browser.post(&list(), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location").to_owned()
}

fn id_of(path: &str) -> ClientId {
    let is_own = |id: &ClientId| id.is_own();
    path.split('/').find_map(|part| part.parse().ok().filter(is_own)).unwrap()
}

fn scope() -> String {
    format!("{} books:read", api_id("books"))
}

/// A form without mistakes.
fn good(scope: &str) -> [(&str, &str); 3] {
    [("name", "Nightly reports"), ("scope", scope), ("stored", "file")]
}

async fn status(node: &Node, path: &str) -> Option<Status> {
    match node.store.image(&Key::Credential(id_of(path))).await.unwrap() {
        Some(Image::Credential(own)) => Some(own.status),
        _ => None,
    }
}

#[tokio::test]
async fn the_secret_is_on_one_page_once_and_nowhere_else() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let begun = browser.post(&list(), &[]).await;
    let path = begun.header("location").to_owned();
    let carried = browser.cookie(ONCE).unwrap();
    let cookie = begun.header("set-cookie").replace(&carried, "[sealed]");
    assert_snapshot!(cookie, @"__Host-hallpass-once=[sealed]; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");

    let page = browser.get(&path).await;
    let secret = secret_on(&page).unwrap();
    assert_eq!(page.text().matches(&secret).count(), 1);
    assert_snapshot!(page.header("cache-control"), @"no-store");
    for carrier in [&path, &carried, &cookie] {
        assert!(!carrier.contains(&secret));
    }
    // The page has taken the cookie away: Reload and Back show the form alone.
    assert_eq!(browser.cookie(ONCE), None);
    for again in [browser.get(&path).await, browser.get(&path).await] {
        assert_eq!(secret_on(&again), None);
        assert!(again.text().contains("The secret was shown once and is not here any more."));
        assert!(again.text().contains("Start over"));
    }
    // The cookie is good for this person and for a minute.
    let other = Browser::of(&node, &node.member("bob", Role::Owner).await).await;
    other.put_cookie(ONCE, &carried);
    assert_eq!(secret_on(&other.get(&path).await), None);
    node.clock.advance_secs(60);
    browser.put_cookie(ONCE, &carried);
    assert_eq!(secret_on(&browser.get(&path).await), None);
    // Nothing has written it down.
    let events = node.store.audit(&AuditFilter::default(), None, 100).await.unwrap();
    assert!(!serde_json::to_string(&events).unwrap().contains(&secret));
    let changes = node.store.changes_after(0, 100).await.unwrap();
    assert!(!serde_json::to_string(&changes).unwrap().contains(&secret));
}

async fn token(node: &Node, id: &ClientId, secret: &str) -> Answer {
    let ask = Ask::token().basic((id.as_str(), secret));
    node.send(ask.form("grant_type=client_credentials")).await
}

#[tokio::test]
async fn a_pending_credential_gets_tokens_once_it_is_added() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    let id = id_of(&path);
    let secret = secret_on(&browser.get(&path).await).unwrap();
    assert_eq!(token(&node, &id, &secret).await.outcome(), (401, "invalid_client".into()));

    let scope = scope();
    let fields =
        [&good(&scope)[..], &[("note", "vault/reports"), ("tags", "nightly, ci")]].concat();
    let (to, page) = browser.send_form(&path, &fields).await;
    assert!(to.ends_with(&format!("{id}/ready")), "{to}");
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(secret_on(&page), None);
    assert!(
        page.text().contains(&format!("curl -u &#34;{id}:$CLIENT_SECRET&#34;")),
        "{}",
        page.text()
    );
    assert!(page.text().contains("Waiting for your first request"));
    assert_eq!(token(&node, &id, &secret).await.status, StatusCode::OK);
    let Some(Image::Credential(own)) =
        node.store.image(&Key::Credential(id.clone())).await.unwrap()
    else {
        panic!("it is gone")
    };
    assert_eq!(own.secrets[0].note.as_str(), "vault/reports");
    assert_eq!(own.settings.tags.len(), 2);

    // The light turns green when the use has been written.
    let light = browser.get(&format!("{to}/light")).await;
    assert!(light.text().contains("data-live="), "{}", light.text());
    node.store.record_usage(&node.app.usage.drain().usage).await.unwrap();
    let light = browser.get(&format!("{to}/light")).await;
    assert!(light.text().contains("The first request came"), "{}", light.text());
    assert!(!light.text().contains("data-live="), "{}", light.text());
}

#[tokio::test]
async fn back_and_a_second_click_make_nothing_twice() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    let scope = scope();
    let first = browser.post(&path, &good(&scope)).await;
    let seq = node.store.last_seq().await.unwrap();
    let second = browser.post(&path, &good(&scope)).await;
    let back = browser.get(&path).await;
    for answer in [&first, &second, &back] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), path.replace("/new", "/ready"));
    }
    assert_eq!(node.store.last_seq().await.unwrap(), seq);
    assert_eq!(status(&node, &path).await, Some(Status::Active));
}

#[tokio::test]
async fn a_mistake_comes_back_at_its_field_with_everything_that_was_typed() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    let shown = browser.get(&path).await;
    let secret = secret_on(&shown).unwrap();
    let kept = hidden(&shown, "kept");
    let (scope, unknown) = (scope(), format!("{} books:burn", api_id("books")));
    let long = "x".repeat(101);
    for (field, value, says) in [
        ("name", "  ", "A name must not be empty"),
        ("name", &long, "at most 100 are allowed"),
        ("tags", &long, "at most 100 are allowed"),
        ("scope", &unknown, "no longer has one of the scopes"),
        ("scope", "api_0000000000000000000000 x", "one of the APIs does not exist any more"),
        ("ends", "own", "Choose a date and a time"),
        ("ends", "2020-01-01T00:00:00", "lies in the past"),
        ("addresses", "10.0.0.0/8\n10.0.0", "Line 2: “10.0.0” is no address"),
        ("addresses", "<script>alert(1)</script>", "Line 1: “&#60;script&#62;"),
        ("stored", "", "Download the file first"),
    ] {
        let mut fields = vec![
            ("name", "Nightly <reports>"),
            ("description", "For the library"),
            ("scope", &*scope),
            ("note", "vault/reports"),
            ("stored", "file"),
            ("kept", &*kept),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = browser.post(&path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {value}");
        let text = page.text().to_lowercase();
        assert!(text.contains(&says.to_lowercase()), "{field}: {value}: {}", page.text());
        let kept_words: &[&str] = match field {
            "name" => &["For the library", "vault/reports"],
            _ => &["Nightly &#60;reports&#62;", "For the library", "vault/reports"],
        };
        for words in kept_words {
            assert!(page.text().contains(words), "{field}: {words}");
        }
        // Who has the file need not see the secret; who has not must not lose it.
        let again = (field == "stored").then(|| secret.clone());
        assert_eq!(secret_on(&page), again, "{field}");
        assert!(!page.text().contains("<script>alert"));
    }
    assert!(matches!(status(&node, &path).await, Some(Status::Pending { .. })));
}

#[tokio::test]
async fn a_preview_sums_up_and_keeps_the_secret_on_the_page() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    let shown = browser.get(&path).await;
    let (kept, scope) = (hidden(&shown, "kept"), scope());
    let fields =
        [("name", "Reports"), ("scope", &scope), ("kept", &kept), ("addresses", "10.0.0.0/8")];
    let page = browser.post(&path, &[&fields[..], &[("do", "preview")]].concat()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(secret_on(&page), secret_on(&shown));
    let says = "“Reports” may read books at books with tokens that live 24 hours, from 10.0.0.0/8 \
                only, until it is revoked.";
    assert!(page.text().contains(says), "{}", page.text());
    // What script asks for while somebody types.
    let sentence = browser.post(&format!("{path}/summary"), &fields).await;
    assert_eq!(sentence.text(), says);
    let unfinished = browser.post(&format!("{path}/summary"), &[("name", "Reports")]).await;
    assert_snapshot!(unfinished.text(), @"Choose what it may do: then a sentence here sums it up.");
    // What lies in the form of one is nothing in the form of another.
    let other = press(&browser).await;
    let fields = [("name", "Reports"), ("scope", &*scope), ("kept", &kept), ("do", "preview")];
    assert_eq!(secret_on(&browser.post(&other, &fields).await), None);
}

#[tokio::test]
async fn where_approval_is_required_the_page_says_who_can_give_it() {
    let node = Node::start().await;
    let policy = Policy { approval_required: true, ..Policy::default() };
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let admin = node.member("anna", Role::Admin).await;
    let developer = Browser::of(&node, &node.member("dev", Role::Developer).await).await;
    let path = press(&developer).await;
    let scope = scope();
    let (ready, page) = developer.send_form(&path, &good(&scope)).await;
    assert!(page.text().contains("anna (anna@example.com)"), "{}", page.text());
    let own = path.replace("/new", "");
    let refused = developer.post(&format!("{own}/approve"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    let admin = Browser::of(&node, &admin).await;
    assert!(admin.get(&own).await.text().contains("Approve credential"));
    let (_, page) = admin.send_form(&format!("{own}/approve"), &[]).await;
    assert!(page.text().contains("Approved."), "{}", page.text());
    assert_eq!(status(&node, &path).await, Some(Status::Active));
    assert!(!developer.get(&ready).await.text().contains("waits for approval"));
}

#[tokio::test]
async fn what_was_begun_can_be_discarded_and_begun_anew() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    let discard = path.replace("/new", "/discard");
    let (to, page) = browser.send_form(&discard, &[("then", "again")]).await;
    assert_ne!(to, path);
    assert!(secret_on(&page).is_some());
    assert_eq!(status(&node, &path).await, None);
    let (to, page) = browser.send_form(&to.replace("/new", "/discard"), &[]).await;
    assert_eq!(to, list());
    assert!(page.text().contains("Discarded."));
}

#[tokio::test]
async fn who_took_too_long_is_told_why_nothing_is_there() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let path = press(&browser).await;
    node.clock.advance_secs(1800);
    node.commit(Mutation::ExpireCredential(id_of(&path))).await;
    let scope = scope();
    let late = browser.post(&path, &good(&scope)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text().contains("The pending credential has expired; make a new one"));
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_new_secret_wants_a_fresh_proof_of_who_asks() {
    let node = Node::start().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    node.clock.advance_secs(15 * 60 + 1);
    let seq = node.store.last_seq().await.unwrap();
    let answer = browser.post(&list(), &[]).await;
    assert!(answer.header("location").starts_with("/confirm"), "{answer:?}");
    assert_eq!(node.store.last_seq().await.unwrap(), seq);
}
