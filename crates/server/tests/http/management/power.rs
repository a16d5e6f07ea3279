//! Power over Hallpass itself, which credentials are granted as scopes of its own API: nobody
//! gives more of it than they have, and nobody takes it by getting a secret.

use hallpass_core::{
    ApiId, Conflict, Mutation, OrganizationId,
    audit::Actor,
    credential::{Grant, Settings},
    permission::{Permission, Role},
};
use hallpass_server::management::{
    Caller, ManagementError, Power,
    credentials::{self, Finished, Step},
    own_api,
    secrets::{self, Wanted},
};

use crate::node::{Node, client_id, organization_id};

const AUDIENCE: &str = "https://auth.example.com/api/v1";

fn caller(power: Power) -> Caller {
    Caller { actor: Actor::Server, power }
}

fn member(role: Role) -> Caller {
    caller(Power::Member(vec![(organization_id(), role)]))
}

fn program(scopes: &str) -> Caller {
    let scopes = scopes.parse().unwrap();
    caller(Power::Program { organization_id: organization_id(), scopes })
}

fn settings(scopes: &str) -> Settings {
    let grant = Grant { api_id: ApiId::management(), scopes: scopes.parse().unwrap() };
    Settings::new("Automation".parse().unwrap(), vec![grant])
}

/// A node with the credential `automation`, which may do this to Hallpass.
async fn node_with(scopes: &str) -> Node {
    let node = Node::start().await;
    for _ in 0..2 {
        let now = hallpass_server::clock::Clock::now(&*node.clock);
        own_api::ensure(&*node.store, AUDIENCE, &Actor::Server, now).await.unwrap();
    }
    node.app.live.catch_up().await.unwrap();
    node.add_credential("automation", settings(scopes), true).await;
    node
}

#[tokio::test]
async fn nobody_gives_a_credential_more_power_than_they_have() {
    let node = node_with("settings:write-all").await;
    for (caller, scopes, may) in [
        (member(Role::Developer), "credentials:write members:read", true),
        (member(Role::Developer), "audit:read", false),
        (member(Role::Developer), "credentials:approve", false),
        (member(Role::Admin), "members:write settings:write", true),
        (member(Role::Admin), "owners:write", false),
        (member(Role::Owner), "owners:write", true),
        (member(Role::Owner), "credentials:read-all", false),
        (member(Role::Owner), "organizations:read", false),
        (program("credentials:write"), "credentials:write", true),
        (program("credentials:write"), "credentials:read", false),
        // What reaches beyond an organization is for people to give.
        (program("credentials:write keys:write"), "keys:write", false),
        (member(Role::Owner), "sign-on:write", false),
        (program("credentials:write sign-on:write"), "sign-on:write", false),
        (member(Role::Owner), "nodes:read", false),
        (caller(Power::Operator), "sign-on:write nodes:read", true),
        (program("credentials:write-all"), "credentials:write-all", false),
        (caller(Power::Operator), "keys:write audit:read-all", true),
    ] {
        let act = node.app.act(&caller);
        let id = client_id("automation");
        let made = credentials::prepare(&act, &organization_id(), settings(scopes)).await;
        let added = credentials::add(&act, &organization_id(), settings(scopes)).await;
        let changed = credentials::update(&act, &id, settings(scopes)).await;
        let outcomes = [made.map(drop), added.map(drop), changed.map(drop)];
        for outcome in outcomes {
            let power = &caller.power;
            match outcome {
                Ok(()) => assert!(may, "{scopes} as {power:?}"),
                Err(ManagementError::Invalid { field: "scopes", .. }) => {
                    assert!(!may, "{scopes} as {power:?}");
                }
                Err(why) => panic!("{scopes} as {power:?}: {why}"),
            }
        }
        let back = Mutation::UpdateCredential(id, Box::new(settings("settings:write-all")));
        node.commit(back).await;
    }
}

#[tokio::test]
async fn what_a_credential_already_may_stays_when_others_change_its_name() {
    let node = node_with("owners:write").await;
    let developer = member(Role::Developer);
    let act = node.app.act(&developer);
    let mut renamed = settings("owners:write");
    renamed.name = "Renamed".parse().unwrap();
    credentials::update(&act, &client_id("automation"), renamed).await.unwrap();
    let wider = settings("owners:write audit:read");
    let refused = credentials::update(&act, &client_id("automation"), wider).await;
    assert!(matches!(refused, Err(ManagementError::Invalid { field: "scopes", .. })));
}

#[tokio::test]
async fn nobody_takes_power_by_getting_a_secret() {
    for (scopes, caller, may) in [
        ("credentials:write", member(Role::Developer), true),
        ("members:write", member(Role::Developer), false),
        ("members:write", member(Role::Admin), true),
        ("owners:write", member(Role::Admin), false),
        ("keys:write", member(Role::Owner), false),
        ("keys:write", caller(Power::Operator), true),
        // A program rotates its own secret.
        ("credentials:write keys:write", program("credentials:write keys:write"), true),
        ("credentials:write keys:write", program("credentials:write"), false),
    ] {
        let node = node_with(scopes).await;
        let act = node.app.act(&caller);
        let added = secrets::add(&act, &client_id("automation"), Wanted::default()).await;
        assert_eq!(added.is_ok(), may, "{scopes} as {:?}", caller.power);
        if !may {
            assert!(matches!(added.unwrap_err(), ManagementError::Forbidden(_)));
        }
    }
}

#[tokio::test]
async fn approving_is_not_a_way_around_finishing() {
    let node = node_with("credentials:read").await;
    let admin = member(Role::Admin);
    let act = node.app.act(&admin);
    let made =
        credentials::prepare(&act, &organization_id(), settings("members:write")).await.unwrap();
    let id = made.credential.client_id;
    let approved = credentials::step(&act, &id, Step::Approve).await;
    let wanted = ManagementError::from(Conflict::NotFound("credential that awaits approval"));
    assert_eq!(approved.unwrap_err(), wanted);
    let finished = credentials::finish(&act, &id, settings("members:write")).await;
    assert_eq!(finished.unwrap().1, Finished::Active);
}

#[tokio::test]
async fn a_scope_for_all_reaches_every_organization_and_no_further() {
    let node = node_with("credentials:read").await;
    let other = OrganizationId::from_entropy([9; 16]);
    for (scopes, may_read) in
        [("credentials:read-all", true), ("credentials:read", false), ("audit:read-all", false)]
    {
        let scopes = scopes.parse().unwrap();
        let caller = caller(Power::Program { organization_id: other.clone(), scopes });
        let act = node.app.act(&caller);
        let id = client_id("automation");
        let found = credentials::find(&act, &id, Permission::ReadCredentials).await;
        assert_eq!(found.is_ok(), may_read, "{:?}", caller.power);
        let paused = credentials::step(&act, &id, Step::Pause).await;
        assert!(matches!(paused, Err(ManagementError::NotFound(_))), "{paused:?}");
    }
}
