//! People, their sessions, where they belong, and whose a found secret is.

use hallpass_core::{
    Conflict, InvitationId, Mutation, Person,
    credential::LiveTokens,
    opaque::Opaque,
    organization::{INVITATION_S, Invitation, OrganizationStep},
    permission::Role,
    person::{Link, Passkey, PersonStep, Subject},
    secret::{Pepper, Secret},
};

use super::{
    Bench, NOW, World, client_id,
    fixtures::{active, person, secret, secret_id, session},
    organization,
};
use crate::{PersonBy, Retention, StoreError};

fn link(number: u8) -> Link {
    Link { digest: Opaque::from_entropy([number; 32]).digest(), expires_at: NOW.plus_secs(60) }
}

fn passkey(id: &str) -> PersonStep {
    PersonStep::AddPasskey(Box::new(Passkey {
        id: id.to_owned(),
        name: "Laptop".parse().unwrap(),
        state: serde_json::json!({ "counter": 0 }),
        created_at: NOW,
        last_used_at: None,
    }))
}

fn subject(sub: &str) -> Subject {
    Subject { issuer: "https://login.example.com".to_owned(), sub: sub.to_owned() }
}

fn invitation(number: u8) -> Invitation {
    Invitation {
        id: InvitationId::from_entropy([number; 16]),
        digest: Opaque::from_entropy([number; 32]).digest(),
        email: person(number.into()).email,
        role: Role::Developer,
        invited_by: "server".to_owned(),
        inviter: None,
        created_at: NOW,
        expires_at: NOW.plus_secs(INVITATION_S),
    }
}

async fn with_people(bench: &dyn Bench, count: u64) -> World {
    let world = World::new(bench).await;
    for number in 1..=count {
        world.commit(Mutation::AddPerson(Box::new(person(number)))).await;
    }
    world
}

impl World {
    async fn step(&self, number: u64, step: PersonStep) {
        self.commit(Mutation::ChangePerson(person(number).id, step)).await;
    }
}

pub(crate) async fn a_person_is_found_by_every_name(bench: &dyn Bench) {
    let world = with_people(bench, 2).await;
    world.step(1, passkey("a")).await;
    world.step(1, PersonStep::AddSubject(subject("7"))).await;
    world.step(1, PersonStep::SetLink(link(1))).await;
    world.step(2, PersonStep::SetOperator(true)).await;
    let found = async |by: PersonBy| world.store.find_person(&by).await.unwrap().map(|one| one.id);
    for (by, is) in [
        (PersonBy::FoldedEmail("person1@example.com".to_owned()), true),
        (PersonBy::FoldedEmail("person3@example.com".to_owned()), false),
        (PersonBy::Link(link(1).digest), true),
        (PersonBy::Link(link(2).digest), false),
        (PersonBy::Passkey("a".to_owned()), true),
        (PersonBy::Passkey("7".to_owned()), false),
        (PersonBy::Subject(subject("7")), true),
        (PersonBy::Subject(subject("8")), false),
    ] {
        assert_eq!(found(by.clone()).await, is.then(|| person(1).id), "{by:?}");
    }
    // What was removed or replaced finds nobody any more.
    world.step(1, PersonStep::RemovePasskey { id: "a".to_owned() }).await;
    world.step(1, PersonStep::SetLink(link(2))).await;
    for by in [PersonBy::Passkey("a".to_owned()), PersonBy::Link(link(1).digest)] {
        assert_eq!(found(by.clone()).await, None, "{by:?}");
    }
    let operators = world.store.operators().await.unwrap();
    assert_eq!(operators.iter().map(|one| &one.id).collect::<Vec<_>>(), [&person(2).id]);
    let asked = [person(1).id, person(9).id, person(2).id];
    assert_eq!(world.store.people(&asked).await.unwrap().len(), 2);
    assert_eq!(world.store.people(&[]).await.unwrap(), []);
}

pub(crate) async fn a_name_that_some_databases_cannot_hold_leads_to_its_person(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let subject = Subject { issuer: "https://id.example.com".into(), sub: "a\0b".into() };
    let strange = Person { subjects: vec![subject.clone()], ..person(1) };
    let (strange_one, usual) = (strange.clone(), person(2));
    // Together, so that a backend that groups writes has them in one transaction.
    let all = [strange, usual].map(|one| world.try_commit(Mutation::AddPerson(Box::new(one))));
    for outcome in futures_util::future::join_all(all).await {
        outcome.unwrap();
    }
    let found = world.store.find_person(&PersonBy::Subject(subject)).await.unwrap();
    assert_eq!(found, Some(strange_one));
}

pub(crate) async fn names_of_people_are_unique(bench: &dyn Bench) {
    let world = with_people(bench, 2).await;
    let mut same = person(3);
    same.email = "PERSON1@EXAMPLE.COM".parse().unwrap();
    let taken = world.refusal(Mutation::AddPerson(Box::new(same))).await;
    assert_eq!(taken, Conflict::Taken("the e-mail address"));
    for step in [passkey("a"), PersonStep::AddSubject(subject("7"))] {
        world.step(1, step.clone()).await;
        let taken = world.refusal(Mutation::ChangePerson(person(2).id, step)).await;
        assert_eq!(taken, Conflict::Taken("the passkey or account"));
    }
}

pub(crate) async fn organizations_are_found_by_their_members_and_invitations(bench: &dyn Bench) {
    let world = with_people(bench, 2).await;
    world.commit(Mutation::AddOrganization(organization(2))).await;
    let change = |number, step| Mutation::ChangeOrganization(organization(number).id, step);
    for number in [2, 1] {
        world.commit(change(number, OrganizationStep::AddMember(person(1).id, Role::Owner))).await;
    }
    world.commit(change(1, OrganizationStep::Invite(Box::new(invitation(2))))).await;
    let stranger = change(1, OrganizationStep::AddMember(person(9).id, Role::Owner));
    assert_eq!(world.refusal(stranger).await, Conflict::NotFound("person"));

    let of = async |number| {
        let found = world.store.organizations_of(&person(number).id).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let inviting =
        async || world.store.inviting(&invitation(2).digest).await.unwrap().map(|one| one.id);
    assert_eq!(of(1).await, [organization(1).id, organization(2).id]);
    assert_eq!(of(2).await, []);
    assert_eq!(inviting().await, Some(organization(1).id));
    let (digest, person_id) = (invitation(2).digest, person(2).id);
    world.commit(change(1, OrganizationStep::Accept { digest, person_id })).await;
    assert_eq!(of(2).await, [organization(1).id]);
    assert_eq!(inviting().await, None);
    world.commit(change(1, OrganizationStep::RemoveMember(person(2).id))).await;
    assert_eq!(of(2).await, []);
}

pub(crate) async fn sessions_are_seen_and_end(bench: &dyn Bench) {
    let world = with_people(bench, 1).await;
    let own = session(1);
    let orphan = Mutation::BeginSession(Box::new(session(9)));
    assert_eq!(world.refusal(orphan).await, Conflict::NotFound("person"));
    world.commit(Mutation::BeginSession(Box::new(own.clone()))).await;

    let seen_at = async || {
        let found = world.store.session(&own.id).await.unwrap()?;
        assert_eq!(found.session.person_id, own.person_id);
        Some(found.seen_at)
    };
    assert_eq!(seen_at().await, Some(NOW));
    // Not at every request: noting costs a write.
    for (secs, noted_s) in [(30, 0), (61, 61), (90, 61), (40, 61), (200, 200)] {
        world.store.see_session(&own.id, NOW.plus_secs(secs)).await.unwrap();
        assert_eq!(seen_at().await, Some(NOW.plus_secs(noted_s)), "{secs}");
    }
    world.commit_at(Mutation::ConfirmSession(own.id.clone()), NOW.plus_secs(300)).await;
    let sessions = world.store.sessions(&own.person_id).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].session.confirmed_at, NOW.plus_secs(300));
    assert_eq!(sessions[0].seen_at, NOW.plus_secs(200));

    for (at, left) in [(own.ends_at.minus_secs(1), 1), (own.ends_at, 0)] {
        world.store.prune(at, &Retention::default()).await.unwrap();
        assert_eq!(world.store.sessions(&own.person_id).await.unwrap().len(), left);
    }
    assert_eq!(world.refusal(Mutation::EndSession(own.id)).await, Conflict::NotFound("session"));
}

pub(crate) async fn what_works_once_works_once_under_many_hands(bench: &dyn Bench) {
    let world = with_people(bench, 1).await;
    let code = Opaque::recovery_code([1; 10]).digest();
    world.step(1, PersonStep::SetRecoveryCodes(vec![code.clone()])).await;
    let tries = (0..8).map(|_| {
        let step = PersonStep::UseRecoveryCode(code.clone());
        world.try_commit(Mutation::ChangePerson(person(1).id, step))
    });
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let used_up = Err(StoreError::Conflict(Conflict::UsedUp("recovery code")));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == used_up).count(), 7);
}

pub(crate) async fn a_secret_leads_to_its_owner(bench: &dyn Bench) {
    let world = World::new(bench).await;
    world.add(active(1)).await;
    let (pepper, client) = (Pepper::new([9; 32]), client_id(1));
    let owners = async |number: u8| {
        let digest = pepper.digest(&Secret::from_entropy([number; 32]));
        world.store.owners_of_secret(&digest).await.unwrap()
    };
    assert_eq!(owners(1).await, vec![client.clone()]);
    assert_eq!(owners(2).await, []);
    let add = Mutation::AddSecret {
        client_id: client.clone(),
        secret: secret(2),
        others_expire_at: None,
    };
    world.commit(add).await;
    // A retired secret is still somebody's: its finder should be told that it is dead.
    let secret_id = secret_id(1);
    let live = LiveTokens::Keep;
    world.commit(Mutation::RetireSecret { client_id: client.clone(), secret_id, live }).await;
    assert_eq!((owners(1).await, owners(2).await), (vec![client.clone()], vec![client.clone()]));
    world.commit(Mutation::RevokeCredential(client.clone())).await;
    world.commit(Mutation::DeleteCredential(client)).await;
    assert_eq!((owners(1).await, owners(2).await), (vec![], vec![]));
}
