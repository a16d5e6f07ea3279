//! Following an invitation: new people, people who have an account, people who are signed in, and
//! people who come too late.

use hallpass_core::{Person, opaque::Opaque, organization::INVITATION_S, permission::Role};
use hallpass_server::management::members;

use crate::{
    browser::Browser,
    node::{Node, organization_id},
    people::{PASSWORD, at_the_machine},
};

/// The path of a new invitation.
async fn invite(node: &Node, email: &str, role: Role) -> String {
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let invited = members::invite(&act, &organization_id(), email.parse().unwrap(), role).await;
    format!("/invitations/{}", invited.unwrap().link.expose())
}

async fn role_of(node: &Node, email: &str) -> Option<Role> {
    let machine = at_the_machine();
    let all = members::list(&node.app.act(&machine), &organization_id()).await.unwrap();
    let is = |person: &Person| person.email.as_str() == email;
    all.members.iter().find(|(_, person)| is(person)).map(|(member, _)| member.role)
}

const NEW: [(&str, &str); 3] =
    [("name", "Ada"), ("email", "other@example.com"), ("password", PASSWORD)];

fn credentials() -> String {
    format!("/organizations/{}/credentials", organization_id())
}

#[tokio::test]
async fn somebody_new_gets_an_account_under_the_invited_address() {
    let node = Node::start().await;
    let path = invite(&node, "ada@example.com", Role::Developer).await;
    let mut browser = Browser::new(&node);
    assert_eq!(browser.get(&path).await.heading(), "Join Customer");
    let weak = [("name", "Ada"), ("email", "ada@example.com"), ("password", "short")];
    assert_eq!(browser.post(&path, &weak).await.status, 422);
    assert_eq!(browser.post(&path, &NEW).await.goes_to(), credentials());
    assert!(browser.is_signed_in().await);
    assert_eq!(role_of(&node, "ada@example.com").await, Some(Role::Developer));
    assert_eq!(role_of(&node, "other@example.com").await, None, "what the form said");
    for used in [browser.get(&path).await, Browser::new(&node).post(&path, &NEW).await] {
        assert_eq!(used.status, 409);
    }
}

#[tokio::test]
async fn somebody_with_an_account_signs_in_first() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let path = invite(&node, "ADA@example.com", Role::Admin).await;
    let mut browser = Browser::new(&node);
    let sign_in = browser.get(&path).await.path("/sign-in?next=");
    // A form that somebody made up gives nobody a second account under this address.
    assert_eq!(browser.post(&path, &NEW).await.goes_to(), path);
    assert_eq!(browser.get(&sign_in).await.status, 200);
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", &*path)];
    assert_eq!(browser.post("/sign-in", &form).await.goes_to(), path);
    let accept = browser.get(&path).await.path(&path);
    assert_eq!(browser.post(&accept, &[]).await.goes_to(), credentials());
    assert_eq!(role_of(&node, "ada@example.com").await, Some(Role::Admin));
    assert_eq!(browser.post(&accept, &[]).await.status, 409, "sent twice");
}

#[tokio::test]
async fn whoever_is_signed_in_under_another_address_is_told_and_may_accept() {
    let node = Node::start().await;
    let bob = node.person("bob").await;
    let path = invite(&node, "ada@example.com", Role::Auditor).await;
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&bob).await);
    let page = browser.get(&path).await;
    assert!(page.text().contains("was meant for ada@example.com"), "{}", page.text());
    assert_eq!(browser.post(&format!("{path}/accept"), &[]).await.goes_to(), credentials());
    assert_eq!(role_of(&node, "bob@example.com").await, Some(Role::Auditor));
}

#[tokio::test]
async fn a_member_is_only_shown_the_way() {
    let node = Node::start().await;
    let bob = node.member("bob", Role::Developer).await;
    let path = invite(&node, "ada@example.com", Role::Owner).await;
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&bob).await);
    assert_eq!(browser.get(&path).await.goes_to(), credentials());
    assert_eq!(browser.post(&format!("{path}/accept"), &[]).await.status, 409);
    assert_eq!(role_of(&node, "bob@example.com").await, Some(Role::Developer));
}

#[tokio::test]
async fn invitations_expire_are_withdrawn_and_replaced() {
    let node = Node::start().await;
    let first = invite(&node, "ada@example.com", Role::Developer).await;
    let second = invite(&node, "Ada@example.com", Role::Auditor).await;
    let third = invite(&node, "bob@example.com", Role::Developer).await;
    let mut browser = Browser::new(&node);
    assert_eq!(browser.get(&first).await.status, 409, "replaced");
    assert_eq!(browser.get(&second).await.status, 200);

    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let out = members::list(&act, &organization_id()).await.unwrap().invitations;
    let of_bob = out.iter().find(|one| one.email.as_str() == "bob@example.com").unwrap();
    members::withdraw(&act, &organization_id(), &of_bob.id).await.unwrap();
    assert_eq!(browser.get(&third).await.status, 409, "withdrawn");

    node.pass_s(INVITATION_S).await;
    for answer in [browser.get(&second).await, browser.post(&second, &NEW).await] {
        assert_eq!(answer.status, 409, "expired");
    }
    let made_up = format!("/invitations/{}", Opaque::from_entropy([1; 32]).expose());
    assert_eq!(browser.get(&made_up).await.status, 409);
    assert_eq!(role_of(&node, "ada@example.com").await, None);
}

#[tokio::test]
async fn accepting_needs_somebody_who_is_signed_in() {
    let node = Node::start().await;
    let path = invite(&node, "ada@example.com", Role::Owner).await;
    let accept = format!("{path}/accept");
    assert_eq!(Browser::new(&node).post(&accept, &[]).await.goes_to(), "/sign-in");
    assert_eq!(role_of(&node, "ada@example.com").await, None);
}
