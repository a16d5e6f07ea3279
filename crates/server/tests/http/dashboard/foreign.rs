//! Every page of the dashboard, found in its source, as somebody who has no business there: people
//! of another organization, members who are no operators, and people who are not signed in. They
//! see nothing, and nothing they send is done.

use std::{fs, path::Path};

use hallpass_core::{Mutation, organization::OrganizationStep, permission::Role};
use hallpass_server::management::{keys, members, webhooks};
use http::Method;

use crate::{
    ask::Ask,
    browser::Browser,
    node::{Node, api_id, client_id, organization_id, secret_id},
    people::at_the_machine,
};

const CREDENTIAL: &str = "/organizations/{organization}/credentials/{client_id}";

/// Every path that is routed below `src/dashboard`, with its parameters.
fn routes() -> Vec<String> {
    fn read(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let routes = text.split(".route(").skip(1);
                found.extend(routes.filter_map(|rest| {
                    let literal = rest.trim_start().strip_prefix('"')?;
                    let own = literal.split_once('"')?.0;
                    // Those are nested below a credential's own path.
                    let is_nested = path.ends_with("dashboard/credentials.rs")
                        && !own.starts_with("/organizations/");
                    let before = if is_nested { CREDENTIAL } else { "" };
                    Some(format!("{before}{own}").trim_end_matches('/').to_owned())
                }));
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dashboard");
    let mut found = Vec::new();
    read(&source, &mut found);
    found.retain(|path| !path.starts_with("/gallery"));
    found.sort();
    found.dedup();
    found
}

/// A node on which everything that a path can name is there.
struct Full {
    node: Node,
    names: Vec<(&'static str, String)>,
}

impl Full {
    async fn start() -> Self {
        let node = Node::start().with_credential("reports").with_pending("waits").await;
        let member = node.member("ada", Role::Owner).await;
        node.commit(Mutation::AskApproval(client_id("waits"))).await;
        let machine = at_the_machine();
        let act = node.app.act(&machine);
        let id = organization_id();
        let invited =
            members::invite(&act, &id, "new@example.com".parse().unwrap(), Role::Auditor).await;
        let wanted = webhooks::Wanted {
            url: "https://hooks.example.com/x".parse().unwrap(),
            kinds: hallpass_core::notice::Kind::ALL.into(),
            is_paused: false,
        };
        let webhook = webhooks::add(&act, &id, wanted).await.unwrap().webhook;
        let delivery = webhooks::test(&act, &id, &webhook.id).await.unwrap();
        let kid = keys::list(&act).await.unwrap().rings[0].keys[0].kid.clone();
        let names = vec![
            ("organization", id.to_string()),
            ("client_id", client_id("reports").to_string()),
            ("secret_id", secret_id("reports").to_string()),
            ("secret", secret_id("reports").to_string()),
            ("person", member.id.to_string()),
            ("invitation", invited.unwrap().invitation.id.to_string()),
            ("webhook", webhook.id.to_string()),
            ("delivery", delivery.id.to_string()),
            ("kid", kid),
            ("api", api_id("books").to_string()),
        ];
        Self { node, names }
    }

    /// A path with its parameters filled in; those that nothing here is called by get a word.
    fn filled(&self, route: &str) -> String {
        let mut path = route.to_owned();
        for (name, value) in &self.names {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, "nothing");
        }
        path
    }
}

/// A form that has what most forms want, so that it is not refused for what it lacks.
fn form() -> Vec<(&'static str, &'static str)> {
    vec![("name", "Customer"), ("role", "auditor"), ("algorithm", "ES256"), ("after", "x")]
}

#[tokio::test]
async fn nobody_of_another_organization_gets_anywhere() {
    let full = Full::start().await;
    let node = &full.node;
    let eve = node.member_elsewhere("eve", Role::Owner).await;
    let mut browser = Browser::new(node).with_cookie(&node.signed_in(&eve).await);
    let before = node.app.store.last_seq().await.unwrap();
    let routes: Vec<_> =
        routes().into_iter().filter(|route| route.contains("{organization}")).collect();
    assert!(routes.len() > 30, "the source was read: {routes:?}");
    for route in &routes {
        let path = full.filled(route);
        let answers = [browser.get(&path).await, browser.post(&path, &form()).await];
        for answer in answers {
            // A path may have one method only; which, is no secret.
            assert!(matches!(answer.status.as_u16(), 404 | 405), "{route}: {answer:?}");
            assert!(!answer.text().contains("Customer"), "{route} names the organization");
        }
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn members_do_not_find_what_is_for_operators() {
    let full = Full::start().await;
    let node = &full.node;
    let owner = node.member("olga", Role::Owner).await;
    let mut browser = Browser::new(node).with_cookie(&node.signed_in(&owner).await);
    let before = node.app.store.last_seq().await.unwrap();
    let mut seen = 0;
    for route in routes() {
        let first = route.split('/').nth(1).unwrap_or_default();
        let is_for_operators =
            ["apis", "keys", "nodes", "operators", "audit", "audit.csv", "audit.json"]
                .contains(&first)
                || ["/organizations/new", "/organizations/{organization}/suspend"]
                    .contains(&route.as_str())
                || route == "/organizations/{organization}/resume";
        if !is_for_operators {
            continue;
        }
        seen += 1;
        let path = full.filled(&route);
        for answer in [browser.get(&path).await, browser.post(&path, &form()).await] {
            assert!(matches!(answer.status.as_u16(), 404 | 405), "{route}: {answer:?}");
        }
    }
    assert!(seen > 12, "{seen}");
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_asked_to() {
    let full = Full::start().await;
    let node = &full.node;
    let before = node.app.store.last_seq().await.unwrap();
    for route in routes() {
        let first = route.split('/').nth(1).unwrap_or_default();
        if !["organizations", "apis", "keys", "nodes", "operators", "audit", "account"]
            .contains(&first)
        {
            continue;
        }
        let path = full.filled(&route);
        for answer in
            [Browser::new(node).get(&path).await, Browser::new(node).post(&path, &form()).await]
        {
            if answer.status != 405 {
                assert!(answer.goes_to().starts_with("/sign-in"), "{route}: {answer:?}");
            }
        }
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn no_form_of_another_site_is_taken() {
    let full = Full::start().await;
    let node = &full.node;
    let operator = node.operator("olga").await;
    let cookie = node.signed_in(&operator).await;
    let before = node.app.store.last_seq().await.unwrap();
    for route in routes() {
        let path = full.filled(&route);
        for (site, origin) in [
            ("cross-site", "https://evil.example.com"),
            ("same-site", "https://other.example.com"),
            ("", "https://evil.example.com"),
        ] {
            let mut ask = Ask::new(Method::POST, &path)
                .form("name=Customer&role=owner")
                .header("accept", "text/html")
                .header("cookie", &cookie)
                .header("origin", origin);
            if !site.is_empty() {
                ask = ask.header("sec-fetch-site", site);
            }
            let answer = node.send(ask).await;
            assert!(matches!(answer.status.as_u16(), 403 | 405), "{route}: {answer:?}");
        }
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn every_page_shows_itself_to_an_operator() {
    let full = Full::start().await;
    let node = &full.node;
    // Members of the organization are shown there too.
    let operator = node.operator("olga").await;
    let step = OrganizationStep::AddMember(operator.id.clone(), Role::Admin);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let mut browser = Browser::new(node).with_cookie(&node.signed_in(&operator).await);
    for path in [
        "/apis",
        "/apis/new",
        "/apis/{api}",
        "/organizations",
        "/organizations/new",
        "/organizations/{organization}/suspend",
        "/keys",
        "/keys/{kid}/kill",
        "/nodes",
        "/operators",
        "/audit",
        "/organizations/{organization}/audit",
        "/organizations/{organization}/approvals",
        "/organizations/{organization}/members",
        "/organizations/{organization}/members/{person}/offboarding",
        "/organizations/{organization}/settings",
        "/organizations/{organization}/settings/notices",
        "/organizations/{organization}/settings/webhooks/new",
        "/organizations/{organization}/settings/webhooks/{webhook}",
        "/organizations/{organization}/settings/deliveries",
    ] {
        assert!(routes().iter().any(|route| route == path), "{path} is routed");
        let answer = browser.get(&full.filled(path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(!answer.heading().is_empty(), "{path}");
        assert!(answer.body.len() < 60 * 1024, "{path} has {} bytes", answer.body.len());
    }
}
