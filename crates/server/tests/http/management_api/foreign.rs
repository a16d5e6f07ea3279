//! Two organizations never see each other's anything: every route, with what belongs to the other.

use hallpass_core::{
    Mutation, credential::Settings, organization::OrganizationStep, permission::Role,
};
use hallpass_server::management::{members, webhooks};

use super::{
    program::{EVERYTHING, Program, add_foreign, node},
    routes::{self, Names, ROUTES},
};
use crate::{
    node::{Node, client_id, grant, organization_id, secret_id},
    people::at_the_machine,
};

/// Another organization, in which everything is there that a path can name.
async fn others(node: &Node) -> Names {
    let settings = Settings::new("Hidden".parse().unwrap(), vec![grant("books", "books:read")]);
    let id = add_foreign(node, "theirs", settings).await;
    let person = node.member("eve", Role::Owner).await;
    for step in [
        (id.clone(), OrganizationStep::AddMember(person.id.clone(), Role::Owner)),
        // The last owner cannot go, so somebody else comes.
        (
            organization_id(),
            OrganizationStep::AddMember(node.operator("olga").await.id, Role::Owner),
        ),
        (organization_id(), OrganizationStep::RemoveMember(person.id.clone())),
    ] {
        node.commit(Mutation::ChangeOrganization(step.0, step.1)).await;
    }
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let email = "hidden@example.com".parse().unwrap();
    let invited = members::invite(&act, &id, email, Role::Auditor).await.unwrap();
    let wanted = webhooks::Wanted {
        url: "https://hidden.example.com/x".parse().unwrap(),
        kinds: hallpass_core::notice::Kind::ALL.into(),
        is_paused: false,
    };
    let webhook = webhooks::add(&act, &id, wanted).await.unwrap().webhook;
    let delivery = webhooks::test(&act, &id, &webhook.id).await.unwrap();
    Names::of("theirs")
        .with("{org}", &id)
        .with("{person}", &person.id)
        .with("{invitation}", &invited.invitation.id)
        .with("{webhook}", &webhook.id)
        .with("{delivery}", &delivery.id)
}

#[tokio::test]
async fn no_route_leads_to_what_belongs_to_another_organization() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let theirs = others(&node).await;
    let program = Program::of(&node, "program").await;
    // Theirs in their place, and theirs under a name of ours.
    let below_ours = theirs
        .clone()
        .with("{org}", organization_id())
        .with("{id}", client_id("reports"))
        .with("{secret}", secret_id("theirs"));
    let before = node.app.store.last_seq().await.unwrap();
    let mut tried = 0;
    for (method, path, body, needs) in ROUTES {
        let is_duty = !needs.is_empty() && !EVERYTHING.contains(needs.split(' ').next().unwrap());
        let names_something = path.contains('{') || body.contains("{id}");
        if !names_something || path.contains("{api}") || is_duty {
            continue;
        }
        let is_below = path.matches('{').count() > 1;
        for names in [Some(&theirs), Some(&below_ours).filter(|_| is_below)].into_iter().flatten() {
            tried += 1;
            let answer = program.ask(routes::ask(method, path, body, names)).await;
            assert_eq!(answer.problem(), (404, "not-found".to_owned()), "{method} {path}");
            let nothing = Names::of("nobody").with("{org}", "org_0000000000000000000000");
            let missing = program.ask(routes::ask(method, path, body, &nothing)).await;
            if names.0 == theirs.0 {
                assert_eq!(missing.body, answer.body, "{method} {path} tells that it exists");
            }
        }
    }
    assert!(tried > 40, "{tried}");
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
    let delivery = theirs.0.iter().find(|(name, _)| *name == "{delivery}").unwrap().1.clone();
    let sent = node.app.store.delivery(&delivery.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(sent.created_at, sent.due_at, "it was not sent again");
}

#[tokio::test]
async fn no_list_has_anything_of_another_organization() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let theirs = others(&node).await;
    let program = Program::of(&node, "program").await;
    let ours = Names::of("reports");
    let mut seen = 0;
    for (method, path, body, _) in ROUTES.iter().filter(|route| route.0 == "GET") {
        let answer = program.ask(routes::ask(method, path, body, &ours)).await;
        seen += usize::from(answer.status == 200);
        let text = answer.text();
        for (name, value) in theirs.0.iter().filter(|(name, _)| *name != "{api}") {
            // That somebody left is in the audit log of those whom they left.
            let is_known = *name == "{person}" && *path == "/audit-events";
            assert!(
                is_known || !text.contains(value.as_str()),
                "{path} has {name} {value}: {text}"
            );
        }
        assert!(!text.to_lowercase().contains("hidden"), "{path}: {text}");
    }
    assert!(seen > 12, "{seen}");
}
