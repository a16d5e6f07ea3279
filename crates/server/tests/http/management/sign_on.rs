//! Whom a provider may bring in: nobody but the people of its own domains, and never power.

use hallpass_core::{audit::Actor, permission::Role};
use hallpass_server::{
    management::{
        Caller, ManagementError, Power, members,
        sign_on::{self, NotAdmitted, Wanted},
    },
    sign_on::Vouched,
};

use crate::{
    browser::Browser,
    node::{Node, organization_id},
    people::{PASSWORD, at_the_machine, other_organization_id, person_id},
};

fn wanted(domain: &str) -> Wanted {
    Wanted {
        issuer: "https://login.example.com".parse().unwrap(),
        client_id: "hallpass".to_owned(),
        client_secret: "s3cret".to_owned().into(),
        domains: vec![domain.parse().unwrap()],
        default_role: Role::Auditor,
    }
}

fn vouched(sub: &str, email: Option<&str>) -> Vouched {
    Vouched {
        sub: sub.to_owned(),
        email: email.map(str::to_owned),
        email_is_unverified: false,
        name: Some("Somebody".to_owned()),
        proved_at_s: None,
    }
}

async fn node() -> Node {
    let node = Node::start().await;
    let machine = at_the_machine();
    sign_on::set(&node.app.act(&machine), &organization_id(), wanted("example.com")).await.unwrap();
    node
}

/// The role of whoever is let in.
async fn admitted(node: &Node, vouched: &Vouched) -> Result<Role, NotAdmitted> {
    let organization = |organizations: Vec<hallpass_core::Organization>| {
        organizations.into_iter().find(|one| one.id == organization_id()).unwrap()
    };
    let before = organization(node.app.store.organizations().await.unwrap());
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    let person = sign_on::admit(&node.app.act(&nobody), &before, vouched, None).await.unwrap()?;
    let after = organization(node.app.store.organizations().await.unwrap());
    Ok(after.member(&person.id).unwrap().role)
}

#[tokio::test]
async fn a_provider_brings_in_only_people_of_its_own_domains() {
    let node = node().await;
    node.member("ada", Role::Admin).await;
    node.person("bob").await;
    node.operator("olga").await;
    for (sub, email, wanted) in [
        ("1", Some("ada@example.com"), Ok(Role::Admin)), // Is a member already.
        ("1", None, Ok(Role::Admin)),                    // Known by now.
        ("2", Some("BOB@example.com"), Ok(Role::Auditor)),
        ("3", Some("new@example.com"), Ok(Role::Auditor)),
        ("3", Some("moved@elsewhere.example"), Ok(Role::Auditor)), // The same person.
        ("4", Some("eve@other.example"), Err(NotAdmitted::Address)),
        ("4", Some("eve@sub.example.com"), Err(NotAdmitted::Address)),
        ("4", Some("eve@example.com.evil.example"), Err(NotAdmitted::Address)),
        ("4", Some("no address"), Err(NotAdmitted::Address)),
        ("4", None, Err(NotAdmitted::Address)),
        ("5", Some("olga@example.com"), Err(NotAdmitted::Operator)),
    ] {
        assert_eq!(admitted(&node, &vouched(sub, email)).await, wanted, "{sub} {email:?}");
    }
    let unsure = Vouched { email_is_unverified: true, ..vouched("6", Some("six@example.com")) };
    assert_eq!(admitted(&node, &unsure).await, Err(NotAdmitted::Address));
}

#[tokio::test]
async fn whoever_was_taken_out_does_not_come_back_by_signing_in() {
    let node = node().await;
    node.member("owner", Role::Owner).await;
    node.member("ada", Role::Developer).await;
    let of_ada = vouched("1", Some("ada@example.com"));
    assert_eq!(admitted(&node, &of_ada).await, Ok(Role::Developer));
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    members::remove(&act, &organization_id(), &person_id("ada")).await.unwrap();
    assert_eq!(admitted(&node, &of_ada).await, Err(NotAdmitted::NoMember));
}

/// Neither by an account that the provider does not know yet, nor at another provider.
#[tokio::test]
async fn whoever_was_taken_out_before_they_came_by_the_provider_stays_out_too() {
    let node = node().await;
    node.member("owner", Role::Owner).await;
    node.member("ada", Role::Developer).await;
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    members::remove(&act, &organization_id(), &person_id("ada")).await.unwrap();
    let of_ada = vouched("1", Some("ada@example.com"));
    assert_eq!(admitted(&node, &of_ada).await, Err(NotAdmitted::NoMember));
    // But for an invitation, which they need not follow.
    let email = "ada@example.com".parse().unwrap();
    members::invite(&act, &organization_id(), email, Role::Admin).await.unwrap();
    assert_eq!(admitted(&node, &of_ada).await, Ok(Role::Admin));
    members::remove(&act, &organization_id(), &person_id("ada")).await.unwrap();
    let other =
        Wanted { issuer: "https://new.example.com".parse().unwrap(), ..wanted("example.com") };
    sign_on::set(&act, &organization_id(), other).await.unwrap();
    assert_eq!(admitted(&node, &of_ada).await, Err(NotAdmitted::NoMember));
}

/// Anybody who invites somebody can follow the link in their stead, and then has an account of
/// their name.
#[tokio::test]
async fn an_account_that_somebody_else_made_under_an_address_is_of_no_use_to_them() {
    let node = node().await;
    node.member("owner", Role::Owner).await;
    for (name, is_member) in [("ada", false), ("bob", true)] {
        let person = node.person_with_password(name).await;
        let session = node.signed_in(&person).await;
        if is_member {
            node.join(&organization_id(), &person, Role::Auditor).await;
        }
        let email = format!("{name}@example.com");
        assert_eq!(admitted(&node, &vouched(name, Some(&email))).await, Ok(Role::Auditor));
        // What let a member in goes on doing so.
        let mut browser = Browser::new(&node).with_cookie(&session);
        assert_eq!(browser.is_signed_in().await, is_member, "{name}");
        let form = [("email", email.as_str()), ("password", PASSWORD)];
        let answer = Browser::new(&node).post("/sign-in", &form).await;
        assert_eq!(answer.status == 303, is_member, "{name}");
    }
}

#[tokio::test]
async fn only_operators_say_who_may_vouch_for_which_domain() {
    let node = node().await;
    node.member_elsewhere("eve", Role::Owner).await;
    let owner = Caller {
        actor: Actor::Server,
        power: Power::Member(vec![(other_organization_id(), Role::Owner)]),
    };
    let theirs = other_organization_id();
    let refused = sign_on::set(&node.app.act(&owner), &theirs, wanted("eve.example")).await;
    assert_eq!(refused.unwrap_err(), ManagementError::NotOperator);
    let refused = sign_on::remove(&node.app.act(&owner), &other_organization_id()).await;
    assert_eq!(refused.unwrap_err(), ManagementError::NotOperator);

    // A domain is vouched for once.
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let refused = sign_on::set(&act, &other_organization_id(), wanted("Example.com")).await;
    assert!(
        matches!(refused, Err(ManagementError::Invalid { field: "domains", .. })),
        "{refused:?}"
    );
    sign_on::remove(&act, &organization_id()).await.unwrap();
    sign_on::set(&act, &other_organization_id(), wanted("example.com")).await.unwrap();
    let of_owners = Wanted { default_role: Role::Owner, ..wanted("x.example") };
    let refused = sign_on::set(&act, &organization_id(), of_owners).await;
    assert!(matches!(refused, Err(ManagementError::Invalid { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_client_secret_is_nowhere_to_be_read() {
    let node = node().await;
    let organizations = node.app.store.organizations().await.unwrap();
    let events = node.app.store.audit(&Default::default(), None, 10).await.unwrap();
    for text in [
        serde_json::to_string(&organizations).unwrap(),
        serde_json::to_string(&events).unwrap(),
        format!("{organizations:?}"),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("login.example.com"), "{text}");
    }
}
