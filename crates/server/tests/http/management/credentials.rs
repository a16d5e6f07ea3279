//! Making a credential, and what an organization's policy has to say about it.

use hallpass_core::{
    Conflict, Mutation,
    audit::Actor,
    credential::{Settings, Status},
    organization::{OrganizationStep, Policy, PolicyViolation},
    permission::{Permission, Role},
};
use hallpass_server::management::{
    Caller, ManagementError, Power,
    credentials::{self, Finished, Step},
    secrets::{self, Wanted},
};

use crate::node::{NOW, Node, grant, organization_id};

fn as_role(role: Role) -> Caller {
    Caller { actor: Actor::Server, power: Power::Member(vec![(organization_id(), role)]) }
}

fn settings(scopes: &str) -> Settings {
    Settings::new("Reports".parse().unwrap(), vec![grant("books", scopes)])
}

async fn node_with(policy: Policy) -> Node {
    let node = Node::start().await;
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    node
}

#[tokio::test]
async fn a_credential_is_prepared_finished_and_finished_again() {
    let node = Node::start().await;
    let caller = as_role(Role::Developer);
    let act = node.app.act(&caller);
    let empty = Settings::new("New".parse().unwrap(), Vec::new());
    let made = credentials::prepare(&act, &organization_id(), empty.clone()).await.unwrap();
    let id = made.credential.client_id;
    assert!(matches!(made.credential.status, Status::Pending { .. }));

    let unfinished = credentials::finish(&act, &id, empty).await;
    assert_eq!(unfinished, Err(ManagementError::invalid("grants", "choose at least one API")));
    let wider = credentials::finish(&act, &id, settings("books:burn")).await;
    assert!(matches!(wider, Err(ManagementError::Invalid { field: "scopes", .. })), "{wider:?}");
    // A form that is sent twice makes one credential.
    for _ in 0..2 {
        let finished = credentials::finish(&act, &id, settings("books:read")).await;
        assert_eq!(finished.unwrap().1, Finished::Active);
    }
    credentials::step(&act, &id, Step::Revoke).await.unwrap();
    let late = credentials::finish(&act, &id, settings("books:read")).await;
    assert_eq!(late, Err(ManagementError::NotFound("pending credential")));
}

#[tokio::test]
async fn where_approval_is_required_developers_wait_and_admins_do_not() {
    let node = node_with(Policy { approval_required: true, ..Policy::default() }).await;
    let developer = as_role(Role::Developer);
    let act = node.app.act(&developer);
    let (made, finished) =
        credentials::add(&act, &organization_id(), settings("books:read")).await.unwrap();
    let id = made.credential.client_id;
    assert_eq!(finished, Finished::AwaitsApproval);
    assert_eq!(made.credential.approval_asked_by, Some("server".to_owned()));
    let own = credentials::step(&act, &id, Step::Approve).await;
    assert_eq!(own, Err(ManagementError::Forbidden("approve credentials")));

    let admin = as_role(Role::Admin);
    let act = node.app.act(&admin);
    credentials::step(&act, &id, Step::Approve).await.unwrap();
    let (_, finished) =
        credentials::add(&act, &organization_id(), settings("books:read")).await.unwrap();
    assert_eq!(finished, Finished::Active);
}

/// Or whoever approves approves anything: what it may do would be chosen afterwards.
#[tokio::test]
async fn what_waits_or_was_approved_gets_no_more_power_from_whoever_may_not_approve() {
    let node = node_with(Policy { approval_required: true, ..Policy::default() }).await;
    let (developer, admin) = (as_role(Role::Developer), as_role(Role::Admin));
    let (made, _) =
        credentials::add(&node.app.act(&developer), &organization_id(), settings("books:read"))
            .await
            .unwrap();
    let id = made.credential.client_id;
    let refused = ManagementError::Forbidden("let a credential do more than was approved");
    for is_approved in [false, true] {
        if is_approved {
            credentials::step(&node.app.act(&admin), &id, Step::Approve).await.unwrap();
        }
        for (caller, scopes, wanted) in [
            (&developer, "books:read books:write", Err(&refused)),
            (&developer, "books:write", Err(&refused)),
            (&developer, "books:read", Ok(())),
            (&admin, "books:read books:write", Ok(())),
            (&developer, "books:write books:read", Ok(())),
            (&developer, "books:read", Ok(())),
        ] {
            let act = node.app.act(caller);
            let updated = credentials::update(&act, &id, settings(scopes)).await;
            assert_eq!(updated.as_ref().map(drop), wanted, "{scopes} {is_approved}");
        }
        // Nor does finishing it once more.
        let act = node.app.act(&developer);
        credentials::finish(&act, &id, settings("books:write")).await.unwrap();
        let own = credentials::find(&act, &id, Permission::ReadCredentials).await.unwrap();
        assert_eq!(own.settings.grants, settings("books:read").grants, "{is_approved}");
    }
}

#[tokio::test]
async fn what_is_finished_by_two_at_once_waits_once_and_as_one_of_them_said() {
    let node = node_with(Policy { approval_required: true, ..Policy::default() }).await;
    let developer = as_role(Role::Developer);
    let act = node.app.act(&developer);
    for _ in 0..10 {
        let made =
            credentials::prepare(&act, &organization_id(), settings("books:read")).await.unwrap();
        let id = made.credential.client_id;
        let (one, two) = tokio::join!(
            credentials::finish(&act, &id, settings("books:read")),
            credentials::finish(&act, &id, settings("books:write")),
        );
        for finished in [one, two] {
            let is_good = matches!(
                finished,
                Ok((_, Finished::AwaitsApproval))
                    | Err(ManagementError::Conflict(Conflict::ChangedMeanwhile))
            );
            assert!(is_good, "{finished:?}");
        }
        let own = credentials::find(&act, &id, Permission::ReadCredentials).await.unwrap();
        assert!(own.approval_asked_by.is_some());
    }
}

#[tokio::test]
async fn a_policy_bounds_secrets_and_addresses() {
    let policy = Policy {
        secret_life_at_most_s: Some(86_400),
        allow_list_required: true,
        approval_required: false,
    };
    let node = node_with(policy).await;
    let caller = as_role(Role::Owner);
    let act = node.app.act(&caller);
    let open = credentials::add(&act, &organization_id(), settings("books:read")).await;
    assert_eq!(open.unwrap_err(), ManagementError::Policy(PolicyViolation::NoAllowList));

    let mut listed = settings("books:read");
    listed.allow_list.push("192.0.2.0/24".parse().unwrap());
    let (made, _) = credentials::add(&act, &organization_id(), listed).await.unwrap();
    assert_eq!(made.credential.secrets[0].expires_at, Some(NOW.plus_secs(86_400)));
    for (ends_s, ok) in [(None, true), (Some(3600), true), (Some(86_401), false)] {
        let expires_at = ends_s.map(|secs| NOW.plus_secs(secs));
        let wanted = Wanted { expires_at, ..Wanted::default() };
        let added = secrets::add(&act, &made.credential.client_id, wanted).await;
        assert_eq!(added.is_ok(), ok, "{ends_s:?}");
    }
}

#[tokio::test]
async fn pending_credentials_are_bounded() {
    let node = Node::start().await;
    let caller = as_role(Role::Developer);
    let act = node.app.act(&caller);
    let empty = Settings::new("New".parse().unwrap(), Vec::new());
    for _ in 0..200 {
        credentials::prepare(&act, &organization_id(), empty.clone()).await.unwrap();
    }
    let more = credentials::prepare(&act, &organization_id(), empty).await;
    let wanted = ManagementError::Conflict(Conflict::TooMany("pending credentials"));
    assert_eq!(more.unwrap_err(), wanted);
}
