//! What operators do to the installation: APIs, organizations, signing keys. Nobody else may, and
//! what is done counts at once on the node where it was done.

use std::collections::BTreeMap;

use hallpass_core::{
    Conflict, OrganizationId,
    api::DEFAULT_TOKEN_LIFETIME_S,
    audit::Actor,
    organization::{Policy, PolicyViolation},
    permission::Role,
    text::Note,
};
use hallpass_server::management::{
    Act, Caller, ManagementError, Power,
    apis::{self, Wanted},
    keys::{self, Next},
    organizations,
};
use hallpass_store::CredentialCounts;
use hallpass_token::jose::{Algorithm, TokenType};

use crate::node::{BOOKS, Node, api_id, operator, organization_id};

fn wanted(audience: &str) -> Wanted {
    Wanted {
        name: "Films".parse().unwrap(),
        description: Note::default(),
        audience: audience.parse().unwrap(),
        scopes: "films:read".parse().unwrap(),
        scope_descriptions: BTreeMap::from([("films:read".into(), "Reads".parse().unwrap())]),
        token_lifetime_s: DEFAULT_TOKEN_LIFETIME_S,
        algorithm: Algorithm::Es256,
        token_type: TokenType::AtJwt,
    }
}

fn member(role: Role) -> Caller {
    Caller { actor: Actor::Server, power: Power::Member(vec![(organization_id(), role)]) }
}

fn films() -> Wanted {
    wanted("https://api.example.com/films")
}

async fn next(act: &Act<'_>, after: Option<String>) -> Result<String, ManagementError> {
    let next = Next { algorithm: Algorithm::Es256, lead_s: 60, after };
    keys::rotate(act, next).await.map(|rotated| rotated.key.kid)
}

#[tokio::test]
async fn only_operators_change_the_installation() {
    let node = Node::start().await;
    let before = node.app.store.last_seq().await.unwrap();
    let of = |caller: Power| Caller { actor: Actor::Server, power: caller };
    let everything = "credentials:write settings:write".parse().unwrap();
    for caller in [
        member(Role::Owner),
        member(Role::Auditor),
        of(Power::Program { organization_id: organization_id(), scopes: everything }),
        of(Power::Nobody),
    ] {
        let act = node.app.act(&caller);
        let kid = node.app.live.keys.rings()[0].keys[0].kid.clone();
        for (what, outcome) in [
            ("add API", apis::add(&act, films()).await.map(drop)),
            ("organization", organizations::add(&act, "X".parse().unwrap()).await.map(drop)),
            ("suspend", organizations::suspend(&act, &organization_id()).await.map(drop)),
            ("resume", organizations::resume(&act, &organization_id()).await.map(drop)),
            ("keys", keys::list(&act).await.map(drop)),
            ("rotate", next(&act, None).await.map(drop)),
            ("kill", keys::kill(&act, &kid).await.map(drop)),
            ("update API", apis::update(&act, &api_id("books"), films()).await.map(drop)),
        ] {
            assert_eq!(outcome, Err(ManagementError::NotOperator), "{what}: {:?}", caller.power);
        }
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn an_api_is_made_with_the_key_that_it_needs() {
    let node = Node::start().await;
    let caller = Caller::at_the_machine(operator());
    let act = node.app.act(&caller);
    let api = apis::add(&act, Wanted { algorithm: Algorithm::EdDsa, ..films() }).await.unwrap();
    assert_eq!(api.scope_description("films:read"), "Reads");
    assert!(node.app.live.keys.algorithms().contains(&Algorithm::EdDsa));
    assert_eq!(apis::find(&act, &api.id).await, Ok(api.clone()));

    let taken = ManagementError::Conflict(Conflict::Taken("the audience"));
    assert_eq!(apis::add(&act, films()).await.unwrap_err(), taken);
    let slash = wanted(&format!("{BOOKS}/"));
    assert_eq!(apis::update(&act, &api.id, slash).await.unwrap_err(), taken);
    let short = Wanted { token_lifetime_s: 59, ..films() };
    let refused = apis::update(&act, &api.id, short).await;
    assert!(
        matches!(refused, Err(ManagementError::Invalid { field: "token_lifetime", .. })),
        "{refused:?}"
    );
    let gone = apis::update(&act, &api_id("none"), films()).await;
    assert_eq!(gone, Err(ManagementError::NotFound("API")));
    assert_eq!(apis::find(&act, &api.id).await, Ok(api));
}

#[tokio::test]
async fn organizations_are_counted_and_switched() {
    let node = Node::start().with_credential("reports").with_pending("half").await;
    let caller = Caller::at_the_machine(operator());
    let act = node.app.act(&caller);
    let other = organizations::add(&act, "Other".parse().unwrap()).await.unwrap();
    let taken = organizations::rename(&act, &other.id, "Customer".parse().unwrap()).await;
    assert!(matches!(taken, Err(ManagementError::Conflict(Conflict::Taken(_)))), "{taken:?}");

    let counted = organizations::counted(&act).await.unwrap();
    let counts: Vec<_> = counted.iter().map(|one| one.credentials).collect();
    let own = CredentialCounts { pending: 1, active: 2, ..CredentialCounts::default() };
    assert_eq!(counts, [own, CredentialCounts::default()]);
    assert_eq!(organizations::find(&act, &organization_id()).await.unwrap().credentials, own);

    let died = organizations::suspend(&act, &organization_id()).await.unwrap().death;
    assert!(died.is_some());
    assert_eq!(node.request_token("reports").await.status, 401);
    let again = organizations::suspend(&act, &organization_id()).await.unwrap_err();
    assert_eq!(again, ManagementError::Conflict(Conflict::AlreadyThere("suspended")));
    organizations::resume(&act, &organization_id()).await.unwrap();
    assert_eq!(node.request_token("reports").await.status, 200);
}

#[tokio::test]
async fn people_see_the_organizations_that_are_theirs() {
    let node = Node::start().await;
    let caller = Caller::at_the_machine(operator());
    organizations::add(&node.app.act(&caller), "Other".parse().unwrap()).await.unwrap();
    let own = member(Role::Auditor);
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    for (caller, names) in [(&caller, "Customer Other"), (&own, "Customer"), (&nobody, "")] {
        let list = organizations::list(&node.app.act(caller)).await.unwrap();
        let list: Vec<_> = list.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(list.join(" "), names);
    }
    let foreign = OrganizationId::from_entropy([9; 16]);
    let act = node.app.act(&own);
    let found = organizations::find(&act, &foreign).await;
    assert_eq!(found, Err(ManagementError::NotFound("organization")));
}

#[tokio::test]
async fn owners_and_admins_set_the_policy() {
    let node = Node::start().await;
    let strict = Policy { allow_list_required: true, ..Policy::default() };
    for (role, may) in
        [(Role::Owner, true), (Role::Admin, true), (Role::Developer, false), (Role::Auditor, false)]
    {
        let caller = member(role);
        let act = node.app.act(&caller);
        let set = organizations::set_policy(&act, &organization_id(), strict.clone()).await;
        let named = organizations::rename(&act, &organization_id(), "New".parse().unwrap()).await;
        let refused = ManagementError::Forbidden("change the organization's settings");
        match may {
            true => assert_eq!(set.unwrap().policy, strict),
            false => assert_eq!(set, Err(refused.clone())),
        }
        assert_eq!(named.is_ok(), may, "{role}");
    }
    let caller = member(Role::Owner);
    let act = node.app.act(&caller);
    let short = Policy { secret_life_at_most_s: Some(60), ..Policy::default() };
    let refused = organizations::set_policy(&act, &organization_id(), short).await;
    assert_eq!(refused, Err(ManagementError::Policy(PolicyViolation::TooShort(60))));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_rotates_once() {
    let node = Node::start().with_credential("reports").await;
    let caller = Caller::at_the_machine(operator());
    let act = node.app.act(&caller);
    let first = node.app.live.keys.rings()[0].keys[0].kid.clone();
    let second = next(&act, Some(first.clone())).await.unwrap();
    let again = next(&act, Some(first.clone())).await.unwrap_err();
    assert_eq!(again, ManagementError::Conflict(Conflict::RotatedMeanwhile));

    let killed = keys::kill(&act, &second).await.unwrap();
    assert_ne!(killed.signing, Some(second.clone()));
    assert_eq!(keys::kill(&act, &second).await.unwrap_err(), {
        ManagementError::Conflict(Conflict::AlreadyKilled)
    });
    let unknown = keys::kill(&act, "none").await.unwrap_err();
    assert_eq!(unknown, ManagementError::NotFound("signing key"));
    // This node signs with the replacement at once.
    assert!(node.is_active(&node.token("reports").await).await);
}
