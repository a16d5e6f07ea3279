//! Each role tries everything: what it may not do is refused by the act itself, and what belongs
//! to others is not found.

use hallpass_core::{
    OrganizationId,
    audit::Actor,
    credential::{LiveTokens, Settings},
    permission::{Permission, Role},
};
use hallpass_server::management::{
    Act, Caller, ManagementError, Power,
    credentials::{self, Step},
    secrets::{self, Wanted},
};

use crate::node::{Node, client_id, grant, organization_id, secret_id};

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

/// Everybody who may come, and whom the credential is no concern of.
fn strangers() -> Vec<Caller> {
    let other = OrganizationId::from_entropy([9; 16]);
    let everything = "credentials:read credentials:write credentials:approve".parse().unwrap();
    vec![
        caller(Power::Nobody),
        caller(Power::Member(Vec::new())),
        caller(Power::Member(vec![(other.clone(), Role::Owner)])),
        caller(Power::Program { organization_id: other, scopes: everything }),
    ]
}

/// The outcome of every act on the credential `reports`, in words.
async fn outcomes(act: &Act<'_>) -> Vec<(&'static str, Result<(), ManagementError>)> {
    let id = client_id("reports");
    let settings = Settings::new("x".parse().unwrap(), vec![grant("books", "books:read")]);
    let secret = secret_id("reports");
    let mut outcomes = vec![
        ("find", credentials::find(act, &id, Permission::ReadCredentials).await.map(drop)),
        (
            "prepare",
            credentials::prepare(act, &organization_id(), settings.clone()).await.map(drop),
        ),
        ("add", credentials::add(act, &organization_id(), settings.clone()).await.map(drop)),
        ("update", credentials::update(act, &id, settings).await.map(drop)),
        ("add secret", secrets::add(act, &id, Wanted::default()).await.map(drop)),
        ("kill tokens", secrets::kill_tokens(act, &id, &secret).await.map(drop)),
        ("retire", secrets::retire(act, &id, &secret, LiveTokens::Keep).await.map(drop)),
        ("leaked", secrets::leaked(act, &id, &secret).await.map(drop)),
    ];
    for (name, step) in [
        ("pause", Step::Pause),
        ("resume", Step::Resume),
        ("revoke", Step::Revoke),
        ("delete", Step::Delete),
    ] {
        outcomes.push((name, credentials::step(act, &id, step).await.map(drop)));
    }
    outcomes
}

#[tokio::test]
async fn each_role_may_only_what_its_permissions_say() {
    for (caller, may_write) in [
        (member(Role::Owner), true),
        (member(Role::Admin), true),
        (member(Role::Developer), true),
        (caller(Power::Operator), true),
        (program("credentials:read credentials:write"), true),
        (member(Role::Auditor), false),
        (program("credentials:read members:write"), false),
    ] {
        let node = Node::start().with_credential("reports").await;
        for (act, outcome) in outcomes(&node.app.act(&caller)).await {
            let may = may_write || act == "find";
            let wanted =
                if may { Ok(()) } else { Err(ManagementError::Forbidden("change credentials")) };
            assert_eq!(outcome, wanted, "{act} as {:?}", caller.power);
        }
    }
}

#[tokio::test]
async fn what_belongs_to_others_is_not_found() {
    let node = Node::start().with_credential("reports").await;
    let before = node.app.store.last_seq().await.unwrap();
    for caller in strangers() {
        for (act, outcome) in outcomes(&node.app.act(&caller)).await {
            assert!(
                matches!(outcome, Err(ManagementError::NotFound(_))),
                "{act} as {:?}: {outcome:?}",
                caller.power
            );
        }
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}
