//! The pages of an organization: members, offboarding, approvals, settings.

use hallpass_core::{
    Image, Mutation, Organization, PersonId,
    audit::Actor,
    change::Key,
    organization::{OrganizationStep, Policy},
    permission::Role,
};
use hallpass_server::management::{Caller, Power, credentials, secrets};

use crate::{
    browser::Browser,
    node::{Node, client_id, grant, organization_id},
};

fn at(end: &str) -> String {
    format!("/organizations/{}/{end}", organization_id())
}

async fn organization(node: &Node) -> Organization {
    match node.app.store.image(&Key::Organization(organization_id())).await.unwrap() {
        Some(Image::Organization(own)) => own,
        other => panic!("{other:?}"),
    }
}

async fn browser_of<'a>(node: &'a Node, name: &str, role: Role) -> (Browser<'a>, PersonId) {
    let person = node.member(name, role).await;
    (Browser::new(node).with_cookie(&node.signed_in(&person).await), person.id)
}

#[tokio::test]
async fn what_lets_people_in_or_up_wants_a_fresh_proof() {
    let node = Node::start().await;
    let (mut owner, _) = browser_of(&node, "ada", Role::Owner).await;
    let bob = node.member("bob", Role::Developer).await.id;
    node.pass_s(16 * 60).await;
    let before = organization(&node).await;
    for (path, form) in [
        (at("members"), [("email", "eve@example.com"), ("role", "owner")]),
        (at(&format!("members/{bob}/role")), [("role", "owner"), ("", "")]),
        (at(&format!("members/{bob}/remove")), [("", ""), ("", "")]),
    ] {
        let answer = owner.post(&path, &form).await;
        assert!(answer.goes_to().starts_with("/confirm"), "{path}: {answer:?}");
    }
    assert_eq!(organization(&node).await, before);
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_makes_a_member() {
    let node = Node::start().await;
    let (mut owner, _) = browser_of(&node, "ada", Role::Owner).await;
    let form = [("email", "bob@example.com"), ("role", "developer")];
    let made = owner.post(&at("members"), &form).await;
    assert_eq!(made.status, 200);
    assert!(made.text().contains("No mail was sent"));
    let link = made.path("https://auth.example.com/invitations/");
    let list = owner.get(&at("members")).await;
    assert!(list.text().contains("bob@example.com") && !list.text().contains("/invitations/Q"));
    assert!(!list.text().contains(link.rsplit('/').next().unwrap()), "shown once");

    for (email, role, says) in [
        ("bob", "developer", "email-wrong"),
        ("ada@example.com", "developer", "This person is already a member"),
        ("eve@example.com", "root", "A role is one of owner"),
    ] {
        let answer = owner.post(&at("members"), &[("email", email), ("role", role)]).await;
        assert_eq!(answer.status, 422, "{email}");
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
        assert!(answer.text().contains(&format!("value=\"{email}\"")), "typed is kept");
    }
    let own = organization(&node).await;
    let withdraw = at(&format!("members/invitations/{}/withdraw", own.invitations[0].id));
    assert_eq!(owner.post(&withdraw, &[]).await.goes_to(), at("members"));
    assert_eq!(owner.post(&withdraw, &[]).await.status, 404, "sent twice");
    let path = link.strip_prefix("https://auth.example.com").unwrap();
    assert_eq!(Browser::new(&node).get(path).await.status, 409);
}

#[tokio::test]
async fn roles_are_set_by_those_who_may() {
    let node = Node::start().await;
    let (owner, owner_id) = browser_of(&node, "ada", Role::Owner).await;
    let (admin, admin_id) = browser_of(&node, "ann", Role::Admin).await;
    let (developer, developer_id) = browser_of(&node, "dev", Role::Developer).await;
    let (auditor, _) = browser_of(&node, "aud", Role::Auditor).await;
    let set = |id: &PersonId| at(&format!("members/{id}/role"));
    let mut browsers =
        [("owner", owner), ("admin", admin), ("developer", developer), ("auditor", auditor)];
    for (who, id, role, status) in [
        ("developer", &developer_id, "owner", 403),
        ("auditor", &developer_id, "admin", 403),
        ("admin", &admin_id, "owner", 403),
        ("admin", &owner_id, "developer", 403),
        ("admin", &developer_id, "auditor", 303),
        ("owner", &admin_id, "nothing", 400),
        ("owner", &owner_id, "admin", 409), // The last owner.
        ("owner", &admin_id, "owner", 303),
        ("owner", &owner_id, "admin", 303),
    ] {
        let browser = browsers.iter_mut().find(|(name, _)| *name == who);
        let answer = browser.unwrap().1.post(&set(id), &[("role", role)]).await;
        assert_eq!(answer.status.as_u16(), status, "{role}: {answer:?}");
    }
    let roles: Vec<_> = organization(&node).await.members.iter().map(|m| m.role).collect();
    assert_eq!(roles, [Role::Admin, Role::Owner, Role::Auditor, Role::Auditor]);
    // Whoever may not change anything sees no form that would.
    let page = browsers[3].1.get(&at("members")).await;
    assert!(!page.text().contains("/role\"") && !page.text().contains("Invite member"));
}

#[tokio::test]
async fn somebody_leaves_and_what_they_know_is_shown() {
    let node = Node::start().with_credential("untouched").await;
    let (mut owner, _) = browser_of(&node, "ada", Role::Owner).await;
    let dev = node.member("dev", Role::Developer).await;
    let own = organization(&node).await;
    let caller = Caller::person(&dev, &[own], None);
    let act = node.app.act(&caller);
    let settings = hallpass_core::credential::Settings::new(
        "Made by dev".parse().unwrap(),
        vec![grant("books", "books:read")],
    );
    let (made, _) = credentials::add(&act, &organization_id(), settings).await.unwrap();
    let wanted = secrets::Wanted::default();
    secrets::add(&act, &client_id("untouched"), wanted).await.unwrap();

    let page = at(&format!("members/{}/offboarding", dev.id));
    let before = owner.get(&page).await;
    assert_eq!(before.heading(), "What dev made");
    for says in ["Made by dev", "made it", "added a secret", "1 still works"] {
        assert!(before.text().contains(says), "{says}: {}", before.text());
    }
    let rotate = at(&format!("credentials/{}/rotate", made.credential.client_id));
    assert!(before.text().contains(&rotate));

    let remove = at(&format!("members/{}/remove", dev.id));
    assert_eq!(owner.post(&remove, &[]).await.goes_to(), page);
    assert_eq!(owner.post(&remove, &[]).await.status, 404, "sent twice");
    let after = owner.get(&page).await;
    assert!(after.text().contains("They have left"));
    let machine = Caller { actor: Actor::Server, power: Power::Operator };
    let act = node.app.act(&machine);
    credentials::step(&act, &made.credential.client_id, credentials::Step::Revoke).await.unwrap();
    assert!(owner.get(&page).await.text().contains("none that works"));

    let stranger = node.member_elsewhere("eve", Role::Owner).await;
    let of_stranger = at(&format!("members/{}/offboarding", stranger.id));
    assert_eq!(owner.get(&of_stranger).await.status, 404);
    let (mut other, _) = browser_of(&node, "dan", Role::Developer).await;
    assert_eq!(other.get(&page).await.status, 403, "what others did is for those who may read it");
}

#[tokio::test]
async fn the_queue_shows_what_is_asked_and_an_admin_decides() {
    let node = Node::start().with_credential("reports").await;
    let policy = Policy { approval_required: true, ..Policy::default() };
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let (mut developer, dev) = browser_of(&node, "dev", Role::Developer).await;
    let (mut admin, _) = browser_of(&node, "ann", Role::Admin).await;
    let dev = node.app.store.people(&[dev]).await.unwrap().remove(0);
    let caller = Caller::person(&dev, &[organization(&node).await], None);
    let act = node.app.act(&caller);
    let mut ids = Vec::new();
    for name in ["First", "Second"] {
        let grants = vec![grant("books", "books:read books:write")];
        let settings = hallpass_core::credential::Settings::new(name.parse().unwrap(), grants);
        let (made, _) = credentials::add(&act, &organization_id(), settings).await.unwrap();
        ids.push(made.credential.client_id);
    }
    let queue = admin.get(&at("approvals")).await;
    for says in ["First", "Second", "dev@example.com asks", "books:write"] {
        assert!(queue.text().contains(says), "{says}: {}", queue.text());
    }
    assert!(!queue.text().contains("New to the organization"), "another credential has both");
    let seen = developer.get(&at("approvals")).await;
    assert!(seen.text().contains("First") && !seen.text().contains("Approve credential"));

    let approve = at(&format!("credentials/{}/approve", ids[0]));
    let discard = at(&format!("credentials/{}/discard", ids[1]));
    assert_eq!(developer.post(&approve, &[]).await.status, 403);
    for path in [&approve, &discard] {
        let way = admin.post(path, &[("then", "approvals")]).await;
        assert_eq!(way.goes_to(), at("approvals"));
    }
    for path in [&approve, &discard] {
        assert_eq!(admin.post(path, &[]).await.status, 404, "sent twice");
    }
    assert!(admin.get(&at("approvals")).await.text().contains("Nothing waits"));
    let active = node.app.store.image(&Key::Credential(ids[0].clone())).await.unwrap();
    let Some(Image::Credential(active)) = active else { panic!() };
    assert_eq!(active.status.word(), "active");
    assert_eq!(node.app.store.image(&Key::Credential(ids[1].clone())).await.unwrap(), None);
}

#[tokio::test]
async fn the_policy_is_read_by_all_and_set_by_those_who_may() {
    let node = Node::start().await;
    let (mut owner, _) = browser_of(&node, "ada", Role::Owner).await;
    let (mut developer, _) = browser_of(&node, "dev", Role::Developer).await;
    let path = at("settings/policy");
    let form = [("life", "90"), ("life_unit", "d"), ("allow_list", "yes")];
    assert_eq!(developer.post(&path, &form).await.status, 403);
    assert_eq!(owner.post(&path, &form).await.goes_to(), at("settings"));
    let policy = organization(&node).await.policy;
    assert_eq!(policy.secret_life_at_most_s, Some(90 * 86_400));
    assert!(policy.allow_list_required && !policy.approval_required);
    let seen = developer.get(&at("settings")).await;
    assert!(seen.text().contains("90 days") && !seen.text().contains("Save policy"));

    for (life, says) in [("soon", "Give a whole number"), ("0", "must be an hour or more")] {
        let form = [("life", life), ("life_unit", "h"), ("approval", "yes")];
        let answer = owner.post(&path, &form).await;
        assert_eq!(answer.status, 422, "{life}");
        assert!(answer.text().contains(says), "{}", answer.text());
        assert!(answer.text().contains(&format!("value=\"{life}\"")), "typed is kept");
    }
    assert_eq!(organization(&node).await.policy, policy);
    let empty = [("life", ""), ("life_unit", "d")];
    assert_eq!(owner.post(&path, &empty).await.goes_to(), at("settings"));
    assert_eq!(organization(&node).await.policy, Policy::default());
}

#[tokio::test]
async fn an_organization_is_renamed() {
    let node = Node::start().await;
    node.member_elsewhere("eve", Role::Owner).await;
    let (mut owner, _) = browser_of(&node, "ada", Role::Owner).await;
    let path = at("settings/name");
    for (name, says) in [("", "A name must not be empty"), ("Other", "Another organization")] {
        let answer = owner.post(&path, &[("name", name)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    assert_eq!(owner.post(&path, &[("name", "New name")]).await.goes_to(), at("settings"));
    assert_eq!(organization(&node).await.name.as_str(), "New name");
}
