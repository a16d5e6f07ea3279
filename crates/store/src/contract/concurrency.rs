//! Many writers at once, in one process and in several.

use std::{collections::HashMap, sync::Arc};

use futures_util::future::join_all;
use hallpass_core::{
    Change, Image, Mutation, Organization,
    audit::Actor,
    change::{Death, Effect, Key},
};

use super::{Bench, NOW, World, client_id, fixtures::secret_id, organization};
use crate::{Chain, Feed, Part, Store, StoreError};

/// The `turn`th write of a writer: some succeed, some are refused, some kill.
fn write(writer: u64, turn: u64) -> Mutation {
    let number = 1000 + writer * 100 + turn;
    let id = client_id(1 + (writer + turn) % 4);
    match turn % 4 {
        0 => Mutation::AddOrganization(organization(number)),
        1 => Mutation::AddOrganization(Organization {
            name: organization(1).name,
            ..organization(number)
        }),
        2 => Mutation::KillTokens { client_id: id, secret_id: secret_id(1) },
        _ => Mutation::RevokeCredential(client_id(9)),
    }
}

/// Starts writers that each take so many turns. A write must succeed or be refused.
fn writers(
    stores: &[Arc<dyn Store>],
    count: u64,
    turns: u64,
) -> impl Future<Output = Vec<Change>> + use<> {
    let start = |writer: u64| {
        let store = stores[writer as usize % stores.len()].clone();
        tokio::spawn(async move {
            let mut changes = Vec::new();
            for turn in 0..turns {
                match store.commit(&write(writer, turn), &Actor::Server, NOW).await {
                    Ok(change) => changes.push(change),
                    Err(StoreError::Conflict(_)) => assert_eq!(turn % 2, 1),
                    Err(error) => panic!("{error}"),
                }
            }
            changes
        })
    };
    let tasks: Vec<_> = (0..count).map(start).collect();
    async move { join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect() }
}

/// Checks that both logs have every number once, and that the log holds what writers were told.
async fn assert_gapless(store: &dyn Store, told: Vec<Change>) {
    let log = store.changes_after(0, usize::MAX).await.unwrap();
    assert!((1..).zip(&log).all(|(seq, change)| change.seq == seq));
    let deaths = log.iter().filter_map(|change| change.death.as_ref());
    assert!((1..).zip(deaths).all(|(feed_seq, death)| death.feed_seq == feed_seq));
    for change in told {
        assert_eq!(log[change.seq as usize - 1], change);
    }
    let events = log.len() as u64;
    assert_eq!(store.verify_audit_chain().await.unwrap(), Chain::Whole { events });
}

pub(crate) async fn numbers_stay_gapless_under_32_writers(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    let told = writers(std::slice::from_ref(&world.store), 32, 8).await;
    assert_eq!(told.len(), 32 * 4);
    assert_eq!(world.seq().await, 6 + 32 * 4);
    assert_eq!(world.store.feed().await.unwrap().feed_seq, 32 * 2);
    assert_gapless(&*world.store, told).await;
}

pub(crate) async fn a_refused_write_harms_no_other(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    // All wait at once, so a backend that groups writes has them in one transaction.
    let all = (0..64).map(|turn| world.try_commit(write(0, turn)));
    for (turn, outcome) in join_all(all).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), turn % 2 == 0, "{turn}");
    }
    assert_eq!(world.seq().await, 6 + 32);
    assert_gapless(&*world.store, Vec::new()).await;
}

pub(crate) async fn two_processes_share_one_log(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    let stores = [world.store.clone(), bench.open().await];
    let told = writers(&stores, 8, 8).await;
    assert_eq!(told.len(), 8 * 4);
    for store in &stores {
        assert_eq!(store.last_seq().await.unwrap(), 6 + 8 * 4);
    }
    assert_gapless(&*stores[1], told).await;
}

pub(crate) async fn a_poll_sees_the_writes_of_other_processes(bench: &dyn Bench) {
    let here = World::new(bench).await;
    let there = World { store: bench.open().await };
    for number in 10..20 {
        let seen = here.seq().await;
        assert!(!here.store.changed_since(seen).await.unwrap());
        let before = here.store.counts();
        there.commit(Mutation::AddOrganization(organization(number))).await;
        assert!(here.store.changed_since(seen).await.unwrap());
        assert_eq!(here.store.changes_after(seen, 9).await.unwrap().len(), 1);
        assert_eq!(here.store.counts().commits, before.commits);
    }
    assert_eq!(there.store.counts().commits, 10);
}

/// What a reader of the change log makes of it.
fn replay(changes: &[Change]) -> (HashMap<Key, Image>, Feed) {
    let (mut images, mut deaths) = (HashMap::new(), HashMap::<String, Death>::new());
    let mut feed_seq = 0;
    for change in changes {
        match &change.effect {
            Effect::Put(image) => {
                images.insert(image.key(), image.clone());
            }
            Effect::Removed(key) => {
                images.remove(key);
            }
            Effect::None => {}
        }
        if let Some(death) = &change.death {
            feed_seq = death.feed_seq;
            deaths.insert(death.entry.key(), death.clone());
        }
    }
    let mut deaths: Vec<Death> = deaths.into_values().collect();
    deaths.sort_by_key(|death| death.feed_seq);
    (images, Feed { feed_seq, deaths })
}

pub(crate) async fn a_load_is_of_one_moment(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    let writers = tokio::spawn(writers(std::slice::from_ref(&world.store), 8, 32));
    let mut loads = Vec::new();
    while !writers.is_finished() || loads.is_empty() {
        let (mut images, mut snapshot) = (HashMap::new(), None);
        let mut sink = |part| match part {
            Part::Image(image) => {
                let is_credential = matches!(image, Image::Credential(_));
                assert_eq!(is_credential, snapshot.is_some(), "{:?}", image.key());
                assert!(images.insert(image.key(), image).is_none());
            }
            Part::Snapshot(of) => assert!(snapshot.replace(of).is_none()),
        };
        world.store.load(&mut sink).await.unwrap();
        loads.push((snapshot.unwrap(), images));
    }
    writers.await.unwrap();
    let log = world.changes().await;
    for (snapshot, images) in loads {
        let replayed = replay(&log[..snapshot.seq as usize]);
        assert_eq!(replayed, (images, snapshot.feed));
    }
}
