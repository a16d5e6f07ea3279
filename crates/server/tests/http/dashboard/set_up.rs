//! The first operator: made by whoever has the link, once.

use hallpass_core::{PersonId, opaque::Opaque};

use crate::{browser::Browser, node::Node, people::PASSWORD};

const OLGA: [(&str, &str); 3] =
    [("name", "Olga"), ("email", "olga@example.com"), ("password", PASSWORD)];

fn link(node: &Node) -> String {
    format!("/setup/{}", node.app.live.keys.vault().set_up_text().expose())
}

async fn operators(node: &Node) -> Vec<PersonId> {
    let operators = node.app.store.operators().await.unwrap();
    operators.into_iter().map(|person| person.id).collect()
}

#[tokio::test]
async fn the_link_makes_one_operator_and_never_works_again() {
    let node = Node::start().await;
    let link = link(&node);
    let mut browser = Browser::new(&node);
    assert_eq!(browser.get(&link).await.heading(), "Set up Hallpass");
    assert_eq!(browser.post(&link, &OLGA).await.goes_to(), "/");
    assert_eq!(browser.get("/").await.goes_to(), "/organizations");
    let made = operators(&node).await;
    assert_eq!(made.len(), 1);

    for answer in [browser.get(&link).await, browser.post(&link, &OLGA).await] {
        assert_eq!(answer.status, 404);
    }
    let eve = [("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)];
    assert_eq!(Browser::new(&node).post(&link, &eve).await.status, 404);
    assert_eq!(operators(&node).await, made);

    let mut again = Browser::new(&node);
    let login = [("email", "olga@example.com"), ("password", PASSWORD)];
    assert_eq!(again.post("/sign-in", &login).await.goes_to(), "/");
}

#[tokio::test]
async fn of_two_at_once_one_becomes_the_operator() {
    let node = Node::start().await;
    let link = link(&node);
    let eve = [("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)];
    let (mut one, mut two) = (Browser::new(&node), Browser::new(&node));
    let (first, second) = tokio::join!(one.post(&link, &OLGA), two.post(&link, &eve));
    let mut ways = [first.status.as_u16(), second.status.as_u16()];
    ways.sort_unstable();
    assert_eq!(operators(&node).await.len(), 1);
    // The other one is sent to sign in, or finds no page, as they came.
    assert!(matches!(ways, [303, 303 | 404]), "{ways:?}");
    assert_ne!(one.session().is_some(), two.session().is_some());
}

#[tokio::test]
async fn without_the_link_there_is_no_page() {
    let node = Node::start().await;
    let other = Opaque::from_entropy([1; 32]);
    for token in ["x", "", "%2e%2e", other.expose(), &link(&node)[7..49]] {
        let mut browser = Browser::new(&node);
        let path = format!("/setup/{token}");
        assert_eq!(browser.get(&path).await.status, 404, "{token}");
        assert_eq!(browser.post(&path, &OLGA).await.status, 404, "{token}");
    }
    assert!(operators(&node).await.is_empty());
}

#[tokio::test]
async fn mistakes_are_named_and_what_was_typed_stays() {
    let node = Node::start().await;
    let link = link(&node);
    for (name, email, password, says) in [
        ("", "olga@example.com", PASSWORD, "must not be empty"),
        ("Olga", "olga", PASSWORD, "An e-mail address looks like"),
        ("Olga", "olga@example.com", "short", "At least 12 characters"),
        ("Olga", "olga@example.com", "olga@example.com", "easily guessed"),
    ] {
        let form = [("name", name), ("email", email), ("password", password)];
        let page = Browser::new(&node).post(&link, &form).await;
        assert_eq!(page.status, 422, "{says}");
        assert!(page.text().contains(says), "{says}: {}", page.text());
        assert!(page.text().contains(&format!(r#"name="email" type="email" value="{email}""#)));
        assert!(!page.text().contains(&format!(r#"value="{password}""#)) || password == email);
    }
    assert!(operators(&node).await.is_empty());
}
