//! Following an invitation: new people, people who have an account, people who are signed in, and
//! people who come too late.

use hallpass_core::{
    ApiId, Mutation, Person,
    audit::Actor,
    credential::{Grant, Settings},
    opaque::Opaque,
    organization::INVITATION_S,
    permission::Role,
    person::PersonStep,
};
use hallpass_server::{
    clock::Clock,
    management::{Caller, Power, members, own_api},
};

use crate::{
    browser::Browser,
    node::{ISSUER, Node, client_id, organization_id},
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

/// What makes an inviter lose their power.
enum Lost {
    Nothing,
    Membership,
    Role(Role),
    Operator,
    Credential,
}

/// Or an admin who expects to be taken out keeps a link, and comes back by it.
#[tokio::test]
async fn an_invitation_stands_as_long_as_whoever_made_it_could_make_it() {
    for (lost, role, stands) in [
        (Lost::Nothing, Role::Owner, true),
        (Lost::Membership, Role::Owner, false),
        (Lost::Membership, Role::Auditor, false),
        (Lost::Role(Role::Admin), Role::Owner, false),
        (Lost::Role(Role::Admin), Role::Admin, true),
        (Lost::Role(Role::Developer), Role::Developer, false),
        (Lost::Operator, Role::Owner, false),
        (Lost::Credential, Role::Developer, false),
    ] {
        let node = Node::start().await;
        node.member("owner", Role::Owner).await;
        let eve = node.member("eve", Role::Owner).await;
        let olga = node.operator("olga").await;
        let scopes = "members:read members:write credentials:read credentials:write";
        let grant = Grant { api_id: ApiId::management(), scopes: scopes.parse().unwrap() };
        let automation = Settings::new("automation".parse().unwrap(), vec![grant]);
        let now = node.clock.now();
        own_api::ensure(&*node.store, &format!("{ISSUER}/api/v1"), &Actor::Server, now)
            .await
            .unwrap();
        node.add_credential("automation", automation, true).await;

        let own = node.app.store.organizations().await.unwrap();
        let inviter = match lost {
            Lost::Operator => Caller::person(&olga, &[], None),
            Lost::Credential => Caller {
                actor: Actor::Credential {
                    client_id: client_id("automation"),
                    address: [127, 0, 0, 1].into(),
                },
                power: Power::Program {
                    organization_id: organization_id(),
                    scopes: scopes.parse().unwrap(),
                },
            },
            _ => Caller::person(&eve, &own, None),
        };
        let email = "back@example.com".parse().unwrap();
        let act = node.app.act(&inviter);
        let invited = members::invite(&act, &organization_id(), email, role).await.unwrap();
        let path = format!("/invitations/{}", invited.link.expose());
        assert_eq!(Browser::new(&node).get(&path).await.status, 200);

        let machine = at_the_machine();
        let act = node.app.act(&machine);
        let (id, eve_id) = (organization_id(), &eve.id);
        match lost {
            Lost::Nothing => {}
            Lost::Membership => drop(members::remove(&act, &id, eve_id).await.unwrap()),
            Lost::Role(role) => drop(members::set_role(&act, &id, eve_id, role).await.unwrap()),
            Lost::Operator => drop(node.take(&olga, PersonStep::SetOperator(false)).await),
            Lost::Credential => {
                node.commit(Mutation::RevokeCredential(client_id("automation"))).await;
            }
        }
        let listed = members::list(&act, &organization_id()).await.unwrap().invitations;
        assert_eq!(!listed.is_empty(), stands, "{role}");
        let mut browser = Browser::new(&node);
        let wanted = if stands { 200 } else { 409 };
        assert_eq!(browser.get(&path).await.status, wanted, "{role}");
        let wanted = if stands { 303 } else { 409 };
        assert_eq!(browser.post(&path, &NEW).await.status, wanted, "{role}");
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
