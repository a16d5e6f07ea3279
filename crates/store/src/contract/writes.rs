//! What a commit does to the rows, and when it is refused.

use std::sync::Arc;

use hallpass_core::{
    Api, Conflict, Image, Mutation,
    audit::Actor,
    change::{Effect, Key},
    credential::{LiveTokens, NewSecret},
    import::Source,
    organization::{OrganizationStep, Policy},
    person::PersonStep,
    secret::{Pepper, Proven, Secret},
};
use hallpass_token::{
    feed::{Entry, Subject},
    jose::Algorithm,
};

use super::{
    Bench, NOW, World, api, client_id,
    fixtures::{active, key, pending, person, secret, secret_id, session, settings, vault},
    organization,
};
use crate::Chain;

/// How many kinds of mutation there are. A new one belongs in [`of_every_kind`].
fn kinds(mutation: &Mutation) -> usize {
    match mutation {
        Mutation::AddOrganization(_)
        | Mutation::SuspendOrganization(_)
        | Mutation::ResumeOrganization(_)
        | Mutation::AddApi(_)
        | Mutation::UpdateApi(_)
        | Mutation::AddCredential(_)
        | Mutation::ActivateCredential(_)
        | Mutation::UpdateCredential(..)
        | Mutation::PauseCredential(_)
        | Mutation::ResumeCredential(_)
        | Mutation::RevokeCredential(_)
        | Mutation::DeleteCredential(_)
        | Mutation::ExpireCredential(_)
        | Mutation::AddSecret { .. }
        | Mutation::RetireSecret { .. }
        | Mutation::KillTokens { .. }
        | Mutation::RevokeToken { .. }
        | Mutation::AddKey { .. }
        | Mutation::KillKey { .. }
        | Mutation::DropGoneKeys(_)
        | Mutation::ChangeOrganization(..)
        | Mutation::AskApproval(_)
        | Mutation::DiscardCredential(_)
        | Mutation::RetireLeakedSecret { .. }
        | Mutation::AddPerson(_)
        | Mutation::ChangePerson(..)
        | Mutation::BeginSession(_)
        | Mutation::ConfirmSession(_)
        | Mutation::EndSession(_)
        | Mutation::NoteSecret { .. }
        | Mutation::IfUnchanged(..)
        | Mutation::ImportCredential(..)
        | Mutation::UpgradeSecret { .. }
        | Mutation::SetVault { .. } => 34,
    }
}

fn api_of(token_lifetime_s: u64) -> Api {
    api(1).with_token_lifetime(token_lifetime_s).unwrap()
}

/// A life that takes every step, in an order in which none is refused.
fn of_every_kind() -> Vec<Mutation> {
    let id = || client_id(1);
    let (first, second) = (key(NOW), key(NOW.plus_secs(60)));
    let kids = (first.kid.clone(), second.kid.clone());
    let retire =
        Mutation::RetireSecret { client_id: id(), secret_id: secret_id(1), live: LiveTokens::Keep };
    let kill_key = Mutation::KillKey {
        algorithm: Algorithm::EdDsa,
        kid: kids.0.clone(),
        replacement: Some(Box::new(key(NOW))),
    };
    vec![
        Mutation::SetVault { vault: vault(1), replaces: None },
        Mutation::SetVault { vault: vault(2), replaces: Some(vault(1).sealed_under) },
        Mutation::AddOrganization(organization(1)),
        Mutation::ChangeOrganization(
            organization(1).id,
            OrganizationStep::SetPolicy(Policy { approval_required: true, ..Policy::default() }),
        ),
        Mutation::AddPerson(Box::new(person(1))),
        Mutation::ChangePerson(person(1).id, PersonStep::SetOperator(true)),
        Mutation::BeginSession(Box::new(session(1))),
        Mutation::ConfirmSession(session(1).id),
        Mutation::EndSession(session(1).id),
        Mutation::AddApi(api(1)),
        Mutation::UpdateApi(api_of(60)),
        Mutation::IfUnchanged(
            Image::Api(api_of(60)).version(),
            Box::new(Mutation::UpdateApi(api_of(90))),
        ),
        Mutation::AddKey { key: Box::new(first), after: None },
        Mutation::AddKey { key: Box::new(second), after: Some(kids.0) },
        kill_key,
        Mutation::DropGoneKeys(Algorithm::EdDsa),
        Mutation::AddCredential(Box::new(pending(1, "Reports"))),
        Mutation::AskApproval(id()),
        Mutation::ActivateCredential(id()),
        Mutation::AddSecret { client_id: id(), secret: secret(2), others_expire_at: None },
        Mutation::NoteSecret {
            client_id: id(),
            secret_id: secret_id(1),
            note: "vault".parse().unwrap(),
        },
        retire,
        Mutation::KillTokens { client_id: id(), secret_id: secret_id(2) },
        Mutation::RevokeToken { client_id: id(), jti: "a".into(), exp_s: NOW.as_secs() },
        Mutation::UpdateCredential(id(), Box::new(settings("Monthly reports"))),
        Mutation::PauseCredential(id()),
        Mutation::ResumeCredential(id()),
        Mutation::RetireLeakedSecret { client_id: id(), secret_id: secret_id(2) },
        Mutation::SuspendOrganization(organization(1).id),
        Mutation::ResumeOrganization(organization(1).id),
        Mutation::RevokeCredential(id()),
        Mutation::DeleteCredential(id()),
        Mutation::AddCredential(Box::new(expiring())),
        Mutation::ExpireCredential(client_id(2)),
        Mutation::AddCredential(Box::new(pending(3, "Unwanted"))),
        Mutation::DiscardCredential(client_id(3)),
        Mutation::ImportCredential(Box::new(imported()), Source::Hydra),
        Mutation::UpgradeSecret {
            client_id: client_id(4),
            secret_id: secret_id(4),
            was: Arc::new(FOREIGN.parse().unwrap()),
            proven: Proven::of(&Secret::presented("correct horse".into()), &Pepper::new([9; 32])),
        },
    ]
}

const FOREIGN: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

/// Credential 4, of another server.
fn imported() -> hallpass_core::Credential {
    let secret = NewSecret::imported(secret_id(4), FOREIGN.parse().unwrap());
    let owner = organization(1).id;
    let settings = settings("From elsewhere");
    hallpass_core::Credential::imported(client_id(4), owner, settings, &secret, (NOW, "server"))
}

/// Credential 2, whose end is now.
fn expiring() -> hallpass_core::Credential {
    let mut credential = active(2);
    credential.settings.expires_at = Some(NOW);
    credential
}

pub(crate) async fn every_mutation_round_trips(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let life = of_every_kind();
    let met: std::collections::HashSet<_> = life.iter().map(std::mem::discriminant).collect();
    assert_eq!(met.len(), kinds(&life[0]));
    for (number, mutation) in (1..).zip(life) {
        let before = world.store.image(&mutation.key()).await.unwrap();
        let change = world.commit(mutation.clone()).await;
        let after = world.store.image(&mutation.key()).await.unwrap();
        let wanted = match &change.effect {
            Effect::Put(image) => Some(image.clone()),
            Effect::Removed(_) => None,
            Effect::None => before,
        };
        assert_eq!(after, wanted, "{mutation:?}");
        assert_eq!((change.seq, change.at), (number, NOW), "{mutation:?}");
        let logged = world.store.changes_after(number - 1, 2).await.unwrap();
        assert_eq!(logged, [change], "{mutation:?}");
    }
    let events = of_every_kind().len() as u64;
    assert_eq!(world.store.verify_audit_chain().await.unwrap(), Chain::Whole { events });
    assert_eq!(world.store.rings().await.unwrap().len(), 1);
    let policy = Policy { approval_required: true, ..Policy::default() };
    let once_suspended =
        hallpass_core::Organization { suspended_at: Some(NOW), policy, ..organization(1) };
    assert_eq!(world.store.organizations().await.unwrap(), [once_suspended]);
    assert_eq!(world.store.apis().await.unwrap().len(), 1);
    assert_eq!(world.store.installation().await.unwrap().vault, Some(vault(2)));
}

pub(crate) async fn every_kill_reaches_the_feed(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let (doomed, spare) = (key(NOW), key(NOW));
    let kid = doomed.kid.clone();
    world.commit(Mutation::AddKey { key: Box::new(doomed), after: None }).await;
    for number in 1..=7 {
        world.add(active(number)).await;
    }
    let mut ended = settings("Ended");
    ended.expires_at = Some(NOW);
    world.add(expiring_as(8)).await;
    let secret_id = secret_id(1);
    world
        .commit(Mutation::AddSecret {
            client_id: client_id(6),
            secret: secret(2),
            others_expire_at: None,
        })
        .await;
    world.commit(Mutation::RevokeCredential(client_id(7))).await;

    let kills = [
        Mutation::RevokeCredential(client_id(1)),
        Mutation::PauseCredential(client_id(2)),
        Mutation::UpdateCredential(client_id(3), Box::new(ended)),
        Mutation::KillTokens { client_id: client_id(4), secret_id: secret_id.clone() },
        Mutation::RevokeToken { client_id: client_id(5), jti: "a".into(), exp_s: NOW.as_secs() },
        Mutation::RetireSecret {
            client_id: client_id(6),
            secret_id: secret_id.clone(),
            live: LiveTokens::Kill,
        },
        Mutation::RetireLeakedSecret { client_id: client_id(5), secret_id },
        Mutation::DeleteCredential(client_id(7)),
        Mutation::ExpireCredential(client_id(8)),
        Mutation::SuspendOrganization(organization(1).id),
        Mutation::KillKey { algorithm: Algorithm::EdDsa, kid, replacement: Some(Box::new(spare)) },
    ];
    // Credential 7 was killed before the list began.
    for (feed_seq, kill) in (2..).zip(kills) {
        let change = world.commit(kill.clone()).await;
        let death = change.death.unwrap_or_else(|| panic!("{kill:?} killed nothing"));
        assert_eq!(death.feed_seq, feed_seq, "{kill:?}");
        let feed = world.store.feed().await.unwrap();
        assert_eq!(feed.feed_seq, feed_seq, "{kill:?}");
        assert_eq!(feed.deaths.last(), Some(&death), "{kill:?}");
    }
}

fn expiring_as(number: u64) -> hallpass_core::Credential {
    let mut credential = active(number);
    credential.settings.expires_at = Some(NOW);
    credential
}

pub(crate) async fn a_refused_mutation_takes_no_number(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 1).await;
    let before = world.seq().await;
    let id = || client_id(1);
    for (mutation, conflict) in [
        (Mutation::AddOrganization(organization(1)), Conflict::AlreadyExists("the organization")),
        (Mutation::AddApi(api(1)), Conflict::AlreadyExists("the API")),
        (Mutation::UpdateApi(api(9)), Conflict::NotFound("API")),
        (Mutation::AddCredential(Box::new(active(1))), Conflict::AlreadyExists("the credential")),
        (Mutation::RevokeCredential(client_id(9)), Conflict::NotFound("credential")),
        (Mutation::DeleteCredential(id()), Conflict::WrongStatus { verb: "delete", is: "active" }),
        (Mutation::ExpireCredential(id()), Conflict::NothingExpired),
        (Mutation::KillTokens { client_id: id(), secret_id: secret_id(9) }, Conflict::NoSuchSecret),
        (
            Mutation::AddKey { key: Box::new(key(NOW)), after: Some("x".into()) },
            Conflict::RotatedMeanwhile,
        ),
        (
            Mutation::SetVault { vault: vault(1), replaces: Some("x".into()) },
            Conflict::VaultChanged,
        ),
        (Mutation::ResumeOrganization(organization(9).id), Conflict::NotFound("organization")),
    ] {
        assert_eq!(world.refusal(mutation).await, conflict);
    }
    assert_eq!(world.seq().await, before);
    assert_eq!(world.add(active(2)).await.seq, before + 1);
    let events = before + 1;
    assert_eq!(world.store.verify_audit_chain().await.unwrap(), Chain::Whole { events });
}

pub(crate) async fn names_and_audiences_are_unique(bench: &dyn Bench) {
    let world = World::new(bench).await;
    world.commit(Mutation::AddApi(api(2))).await;
    let mut same_name = organization(2);
    same_name.name = organization(1).name;
    let taken = world.refusal(Mutation::AddOrganization(same_name)).await;
    assert_eq!(taken, Conflict::Taken("the name"));

    // A trailing slash makes no other audience.
    let with_slash = || format!("{}/", api(1).audience).parse().unwrap();
    let (mut new, mut other) = (api(3), api(2));
    new.audience = with_slash();
    other.audience = with_slash();
    for mutation in [Mutation::AddApi(new), Mutation::UpdateApi(other)] {
        assert_eq!(world.refusal(mutation).await, Conflict::Taken("the audience"));
    }
    let mut own = api(1);
    own.audience = with_slash();
    world.commit(Mutation::UpdateApi(own)).await;
}

pub(crate) async fn required_rows_must_exist(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let add = || Mutation::AddCredential(Box::new(active(1)));
    assert_eq!(world.refusal(add()).await, Conflict::NotFound("API"));
    world.commit(Mutation::AddApi(api(1))).await;
    assert_eq!(world.refusal(add()).await, Conflict::NotFound("organization"));
    world.commit(Mutation::AddOrganization(organization(1))).await;
    world.commit(add()).await;

    let mut wider = settings("Wider");
    wider.introspects = vec![api(2).id];
    let update = || Mutation::UpdateCredential(client_id(1), Box::new(wider.clone()));
    assert_eq!(world.refusal(update()).await, Conflict::NotFound("API"));
    world.commit(Mutation::AddApi(api(2))).await;
    world.commit(update()).await;
}

pub(crate) async fn the_longest_lifetime_only_grows(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let with = |secs| api(1).with_token_lifetime(secs).unwrap();
    for (mutation, longest_s) in [
        (Mutation::AddApi(with(3600)), 3600),
        (Mutation::UpdateApi(with(7200)), 7200),
        (Mutation::UpdateApi(with(60)), 7200),
    ] {
        world.commit(mutation).await;
        let installation = world.store.installation().await.unwrap();
        assert_eq!(installation.longest_lifetime_s, longest_s);
    }
    // What dies now stays in the feed for as long as the oldest token may live.
    world.commit(Mutation::AddOrganization(organization(1))).await;
    let change = world.commit(Mutation::SuspendOrganization(organization(1).id)).await;
    let Entry { subject, until_s } = change.death.unwrap().entry;
    assert!(matches!(subject, Subject::Organization { .. }));
    assert!(until_s > NOW.plus_secs(7200).as_secs());
}

pub(crate) async fn everything_is_there_after_reopening(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let by = Actor::Operator { name: "ops".into() };
    for mutation in of_every_kind() {
        world.store.commit(&mutation, &by, NOW).await.unwrap();
    }
    let all = |world: World| async move {
        let mut parts = Vec::new();
        world.store.load(&mut |part| parts.push(part)).await.unwrap();
        let events = world.store.audit(&Default::default(), None, 100).await.unwrap();
        let ring = world.store.image(&Key::Ring(Algorithm::EdDsa)).await.unwrap();
        (parts, events, ring, world.changes().await)
    };
    let before = all(world).await;
    let after = all(World { store: bench.open().await }).await;
    assert_eq!(before, after);
    assert_eq!(after.1[0].actor, by);
}

pub(crate) async fn what_changed_since_it_was_seen_is_not_changed(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 1).await;
    let key = Key::Credential(client_id(1));
    let seen = world.store.image(&key).await.unwrap().unwrap().version();
    let pause = || Mutation::PauseCredential(client_id(1));
    let guarded = |then| Mutation::IfUnchanged(seen.clone(), Box::new(then));
    let change = world.commit(guarded(pause())).await;
    assert!(change.death.is_some());
    let late = guarded(Mutation::ResumeCredential(client_id(1)));
    assert_eq!(world.refusal(late).await, Conflict::ChangedMeanwhile);
    let gone = Mutation::IfUnchanged(seen, Box::new(Mutation::PauseCredential(client_id(9))));
    assert_eq!(world.refusal(gone).await, Conflict::ChangedMeanwhile);
}
