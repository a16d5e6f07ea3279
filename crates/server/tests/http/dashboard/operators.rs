//! The pages of operators: APIs, organizations, signing keys, operators, nodes.

use hallpass_core::{Image, change::Key, organization::OrganizationStatus, permission::Role};
use hallpass_server::housekeeping;
use hallpass_token::jose::Algorithm;

use crate::{
    browser::Browser,
    node::{BOOKS, NOW, Node, api_id, eventually, organization_id},
    people::{PASSWORD, person_id},
};

async fn operator(node: &Node) -> Browser<'_> {
    let olga = node.operator("olga").await;
    Browser::new(node).with_cookie(&node.signed_in(&olga).await)
}

/// The form for an API, some of it edited.
fn api<'a>(edits: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let mut form = vec![
        ("name", "Films"),
        ("description", "All of them"),
        ("audience", "https://api.example.com/films"),
        ("scopes", "films:read See films\nfilms:write"),
        ("lifetime", "24"),
        ("lifetime_unit", "h"),
        ("algorithm", "ES256"),
        ("typ", "at+jwt"),
    ];
    for (name, value) in edits {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    form
}

async fn seq(node: &Node) -> u64 {
    node.app.store.last_seq().await.unwrap()
}

#[tokio::test]
async fn an_api_is_added_and_a_form_sent_twice_adds_one() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    assert_eq!(browser.get("/apis").await.heading(), "APIs");
    assert_eq!(browser.post("/apis/new", &api(&[])).await.goes_to(), "/apis");
    let list = browser.get("/apis").await;
    assert!(list.text().contains("The API is added"));
    assert!(list.text().contains("https://api.example.com/films"));
    let again = browser.post("/apis/new", &api(&[])).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("Another API has this audience"));
    assert_eq!(node.app.store.apis().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_mistake_is_said_and_nothing_typed_is_lost() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    let before = seq(&node).await;
    for (edit, says) in [
        (("name", ""), "A name must not be empty"),
        (("audience", "films"), "An audience is an absolute URI"),
        (("audience", BOOKS), "Another API has this audience"),
        (("scopes", "a\"b"), "Scopes are words"),
        (("lifetime", "1e9"), "Give a whole number"),
        (("lifetime", "99999"), "between 60 seconds and 30 days"),
        (("lifetime_unit", "years"), "Choose minutes"),
        (("typ", "x"), "typ-wrong"),
        (("algorithm", "none"), "algorithm-wrong"),
    ] {
        let form = api(&[edit, ("description", "Kept <as> typed")]);
        let answer = browser.post("/apis/new", &form).await;
        assert_eq!(answer.status, 422, "{edit:?}");
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
        assert!(answer.text().contains("Kept &#60;as&#62; typed"), "{edit:?}");
    }
    assert_eq!(seq(&node).await, before, "something was written");
}

#[tokio::test]
async fn a_change_that_is_noticed_is_shown_before_it_is_made() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    let path = format!("/apis/{}", api_id("books"));
    let scopes = ("scopes", "books:read\nbooks:write");
    let own = [("name", "books"), ("audience", BOOKS), scopes];

    // What nobody notices is done at once.
    let described = [own[0], own[1], own[2], ("description", "New words")];
    assert_eq!(browser.post(&path, &api(&described)).await.goes_to(), "/apis");

    let shorter = [own[0], own[1], ("scopes", "books:read"), ("algorithm", "EdDSA")];
    let before = seq(&node).await;
    let shown = browser.post(&path, &api(&shorter)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("Nothing is changed yet"));
    assert!(shown.text().contains("No new token carries books:write"));
    assert!(shown.text().contains("New tokens are signed with EdDSA"));
    assert_eq!(seq(&node).await, before, "something was written");

    // Only what was read is done.
    let (_, rest) = shown.text().split_once("name=\"sure\" value=\"").unwrap();
    let sure = rest.split_once('"').unwrap().0.to_owned();
    let mut form = api(&shorter);
    form.push(("sure", &sure));
    let mut other = api(&[own[0], own[1], ("scopes", "")]);
    other.push(("sure", &sure));
    assert_eq!(browser.post(&path, &other).await.status, 200);
    assert_eq!(browser.post(&path, &form).await.goes_to(), "/apis");
    assert!(node.app.live.keys.algorithms().contains(&Algorithm::EdDsa));
    let Some(Image::Api(api)) = node.app.store.image(&Key::Api(api_id("books"))).await.unwrap()
    else {
        panic!("no API")
    };
    assert_eq!(api.scopes.as_str(), "books:read");
}

#[tokio::test]
async fn suspending_wants_the_name_and_says_what_it_kills() {
    let node = Node::start().with_credential("reports").await;
    let mut browser = operator(&node).await;
    let path = format!("/organizations/{}/suspend", organization_id());
    let asked = browser.get(&path).await;
    assert_eq!(asked.heading(), "Suspend Customer?");
    assert!(asked.text().contains("All of its 2 credentials, 2 of them active"));
    let status = async || {
        let key = Key::Organization(organization_id());
        match node.app.store.image(&key).await.unwrap() {
            Some(Image::Organization(own)) => own.status,
            other => panic!("{other:?}"),
        }
    };
    for name in ["", "customer", "Customer 2"] {
        let answer = browser.post(&path, &[("name", name)]).await;
        assert_eq!(answer.status, 422, "{name}");
        assert_eq!(status().await, OrganizationStatus::Active);
    }
    assert_eq!(browser.post(&path, &[("name", " Customer ")]).await.goes_to(), "/organizations");
    assert_eq!(status().await, OrganizationStatus::Suspended);
    assert_eq!(browser.post(&path, &[("name", "Customer")]).await.status, 409, "sent twice");
    assert!(browser.get("/organizations").await.text().contains("Suspended"));
    let resume = format!("/organizations/{}/resume", organization_id());
    assert_eq!(browser.post(&resume, &[]).await.goes_to(), "/organizations");
    assert_eq!(status().await, OrganizationStatus::Active);
}

#[tokio::test]
async fn keys_are_rotated_once_for_each_time_that_somebody_looked() {
    let node = Node::start().with_credential("reports").await;
    let mut browser = operator(&node).await;
    let page = browser.get("/keys").await;
    assert!(page.text().contains("<svg class=\"lives\""));
    let first = node.app.live.keys.rings()[0].keys[0].kid.clone();
    let form = [("algorithm", "ES256"), ("after", first.as_str())];
    assert_eq!(browser.post("/keys/rotate", &form).await.goes_to(), "/keys");
    assert_eq!(browser.post("/keys/rotate", &form).await.status, 409, "sent twice");
    assert_eq!(node.app.live.keys.rings()[0].keys.len(), 2);
    assert_eq!(
        browser.post("/keys/rotate", &[("algorithm", "none"), ("after", "")]).await.status,
        400
    );

    let token = node.token("reports").await;
    let kill = format!("/keys/{first}/kill");
    assert_eq!(browser.post(&kill, &[("name", "wrong")]).await.status, 422);
    assert!(node.is_active(&token).await);
    assert_eq!(browser.post(&kill, &[("name", &first[..8])]).await.goes_to(), "/keys");
    assert!(!node.is_active(&token).await);
    assert_eq!(browser.get("/keys/none/kill").await.status, 404);
}

#[tokio::test]
async fn operators_make_and_unmake_operators() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    assert_eq!(browser.post("/operators", &[("email", "nobody")]).await.status, 422);
    let made = browser.post("/operators", &[("email", "nina@example.com")]).await;
    let link = made.path("https://auth.example.com/sign-in/link/");
    assert!(!browser.get("/operators").await.text().contains("/sign-in/link/"), "shown once");
    let path = link.strip_prefix("https://auth.example.com").unwrap();
    assert_eq!(Browser::new(&node).get(path).await.status, 200);

    let remove = [("email", "nina@example.com")];
    assert_eq!(browser.post("/operators/remove", &remove).await.goes_to(), "/operators");
    let last = browser.post("/operators/remove", &[("email", "olga@example.com")]).await;
    assert_eq!(last.status, 400, "never the last one");
}

/// Whoever invites somebody can follow the link in their stead. The account that they get must not
/// become an operator's while they hold it.
#[tokio::test]
async fn whoever_made_the_account_of_an_operator_does_not_become_one() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    let squatted = node.person_with_password("nina").await;
    let mut squatter = Browser::new(&node).with_cookie(&node.signed_in(&squatted).await);
    assert!(squatter.is_signed_in().await);

    let named = [("email", "nina@example.com")];
    let made = browser.post("/operators", &named).await;
    let link = made.path("https://auth.example.com/sign-in/link/");
    assert!(!squatter.is_signed_in().await);
    let login = [("email", "nina@example.com"), ("password", PASSWORD)];
    assert_eq!(squatter.post("/sign-in", &login).await.status, 422);

    let mut nina = Browser::new(&node);
    let path = link.strip_prefix("https://auth.example.com").unwrap();
    assert_eq!(nina.post(path, &[]).await.goes_to(), "/account");
    assert_eq!(nina.post("/account/password", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(nina.get("/operators").await.status, 200);
    // Named again, nothing happens to them.
    assert_eq!(browser.post("/operators", &named).await.goes_to(), "/operators");
    assert_eq!(nina.get("/operators").await.status, 200);
}

#[tokio::test]
async fn what_kills_or_opens_wants_a_fresh_proof() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    let kid = node.app.live.keys.rings()[0].keys[0].kid.clone();
    node.pass_s(16 * 60).await;
    for (path, form) in [
        (format!("/keys/{kid}/kill"), ("name", &kid[..8])),
        ("/keys/rotate".to_owned(), ("algorithm", "ES256")),
        (format!("/organizations/{}/suspend", organization_id()), ("name", "Customer")),
        ("/operators".to_owned(), ("email", "x@example.com")),
        ("/operators/remove".to_owned(), ("email", "x@example.com")),
    ] {
        let answer = browser.post(&path, &[form, ("after", &kid)]).await;
        assert!(answer.goes_to().starts_with("/confirm"), "{path}: {answer:?}");
    }
    assert_eq!(node.app.live.keys.rings()[0].keys.len(), 1);
}

#[tokio::test]
async fn the_node_says_what_it_knows_and_what_it_does_not() {
    let node = Node::start().await;
    let mut browser = operator(&node).await;
    let page = browser.get("/nodes").await;
    assert!(page.text().contains("Nobody follows the feed of this node now"));
    assert!(page.text().contains("has not been checked since this node started"));
    assert_eq!(browser.post("/nodes/verify-audit", &[]).await.goes_to(), "/nodes");
    let page = browser.get("/nodes").await;
    assert!(page.text().contains("The audit log is whole"), "{}", page.text());
    assert!(page.text().contains("0 behind the database"));

    let from = (Some([192, 0, 2, 7].into()), "hallpass-verifier/0.1.0");
    let reading = node.app.live.feed.readers().join(from, NOW, 0);
    let page = browser.get("/nodes").await;
    for part in ["192.0.2.7", "hallpass-verifier/0.1.0", "1 reader"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    drop(reading);
    assert!(!browser.get("/nodes").await.text().contains("192.0.2.7"));
}

#[tokio::test]
async fn every_node_sees_all_nodes() {
    let node = Node::start().await.listen().await.keeping_house();
    let other = node.other_node().await;
    let chores = housekeeping::start(&other);
    let reports = async || node.app.store.nodes().await.unwrap();
    eventually("two reports", async || reports().await.len() == 2).await;
    let mut browser = operator(&node).await;
    let page = browser.get("/nodes").await;
    for says in [&*node.public.to_string(), "127.0.0.1:0", "2 nodes report, and each sees"] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert_eq!(page.text().matches("This node</").count(), 2, "a heading, and a badge");

    // One ends, and is not missed.
    other.closing.cancel();
    chores.wait().await;
    assert_eq!(reports().await.len(), 1);
    // One dies, and is.
    let dead =
        hallpass_store::Report { name: "dead".to_owned(), ..reports().await.remove(0).report };
    node.app.store.put_node(&dead).await.unwrap();
    node.clock.advance_secs(31);
    node.app.live.poll().await.unwrap();
    let page = browser.get("/nodes").await;
    assert!(page.text().contains("Node dead at"), "{}", page.text());
    assert!(page.text().contains("Silent"), "{}", page.text());
}

#[tokio::test]
async fn everybody_sees_their_organizations_and_operators_all() {
    let node = Node::start().await;
    node.member("ada", Role::Auditor).await;
    node.member_elsewhere("eve", Role::Owner).await;
    let olga = node.operator("olga").await;
    for (person, sees) in [("ada", "Customer"), ("eve", "Other"), ("olga", "Customer Other")] {
        let person = if person == "olga" {
            olga.clone()
        } else {
            node.app.store.people(&[person_id(person)]).await.unwrap().remove(0)
        };
        let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&person).await);
        let page = browser.get("/organizations").await;
        for name in ["Customer", "Other"] {
            let is_there = page.text().contains(&format!("/credentials\">{name}</a>"));
            assert_eq!(is_there, sees.contains(name), "{} {name}", person.name);
        }
    }
}
