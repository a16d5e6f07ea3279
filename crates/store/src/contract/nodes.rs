//! Several nodes over one database, with delays and broken connections. What a writer was told must
//! be true, and all readers must see one log.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::future::join_all;
use hallpass_core::{
    Change, Image, Mutation,
    audit::Actor,
    change::{Effect, Key},
};
use tokio::task::yield_now;

use super::{Bench, NOW, World, client_id, organization};
use crate::{Chain, Store, StoreError};

const NODES: u64 = 3;
const WRITERS: u64 = 4;
const TURNS: u64 = 24;

/// The same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// Lets others go first, for a while.
    async fn delay(&mut self) {
        for _ in 0..self.below(200) {
            yield_now().await;
        }
    }
}

/// A write that nobody else makes.
fn write(writer: u64, turn: u64) -> Mutation {
    if turn.is_multiple_of(2) {
        return Mutation::AddOrganization(organization(1000 * (writer + 1) + turn));
    }
    let jti = format!("{writer}-{turn}");
    Mutation::RevokeToken { client_id: client_id(1), jti, exp_s: NOW.plus_secs(60).as_secs() }
}

/// What one writer was told of each of its writes.
type Told = Vec<(Mutation, Result<Change, StoreError>)>;

async fn writer(store: Arc<dyn Store>, number: u64, seed: u64, done: Arc<AtomicU64>) -> Told {
    let mut random = Random(seed);
    let mut told = Vec::new();
    for turn in 0..TURNS {
        random.delay().await;
        let mutation = write(number, turn);
        let outcome = store.commit(&mutation, &Actor::Server, NOW).await;
        done.fetch_add(1, Ordering::SeqCst);
        told.push((mutation, outcome));
    }
    told
}

/// Follows the log until the writers have ended and nothing is left.
async fn reader(store: Arc<dyn Store>, seed: u64, ended: Arc<AtomicBool>) -> Vec<Change> {
    let mut random = Random(seed);
    let mut log: Vec<Change> = Vec::new();
    loop {
        random.delay().await;
        let was_ended = ended.load(Ordering::SeqCst);
        let seen = log.len() as u64;
        let limit = 1 + random.below(9) as usize;
        let next = match store.changed_since(seen).await {
            Ok(true) => store.changes_after(seen, limit).await,
            Ok(false) if was_ended => return log,
            other => other.map(|_| Vec::new()),
        };
        match next {
            Ok(changes) => log.extend(changes),
            Err(StoreError::Unavailable(_)) => yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Cuts connections whenever a few more writes are done.
async fn cutter(bench: &dyn Bench, seed: u64, done: &AtomicU64, ended: &AtomicBool) {
    let mut random = Random(seed);
    let mut next = 5;
    while !ended.load(Ordering::SeqCst) {
        if done.load(Ordering::SeqCst) >= next {
            bench.cut().await;
            next += 10 + random.below(40);
        }
        yield_now().await;
    }
}

/// The changes by which an organization came.
fn made(log: &[Change], mutation: &Mutation) -> Vec<u64> {
    let Mutation::AddOrganization(wanted) = mutation else { return Vec::new() };
    let is_it = |change: &&Change| matches!(&change.effect, Effect::Put(Image::Organization(one)) if one.id == wanted.id);
    log.iter().filter(is_it).map(|change| change.seq).collect()
}

pub(crate) async fn all_see_the_same_log_whatever_breaks(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 1).await;
    let mut nodes = vec![world.store.clone()];
    for _ in 1..NODES {
        nodes.push(bench.open().await);
    }
    let mut before = world.seq().await;
    for round in 0..3 {
        let seed: u64 = 0x9E37_79B9_7F4A_7C15 ^ (round + 1);
        let (done, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let of = |number: u64| nodes[(number % NODES) as usize].clone();
        let start = |number: u64| {
            let seed = seed.rotate_left(number as u32 + 1);
            tokio::spawn(writer(of(number), number + round * WRITERS * NODES, seed, done.clone()))
        };
        let writers = join_all((0..WRITERS * NODES).map(start));
        let follow = |number: u64| {
            tokio::spawn(reader(of(number), seed.rotate_right(number as u32 + 1), ended.clone()))
        };
        let readers: Vec<_> = (0..NODES).map(follow).collect();
        let told = async {
            let told: Vec<Told> = writers.await.into_iter().map(Result::unwrap).collect();
            ended.store(true, Ordering::SeqCst);
            told
        };
        let (told, ()) = tokio::join!(told, cutter(bench, seed, &done, &ended));
        let logs: Vec<_> = join_all(readers).await.into_iter().map(Result::unwrap).collect();
        before = check(&world, &logs, told.into_iter().flatten().collect(), before).await;
    }
}

async fn check(world: &World, logs: &[Vec<Change>], told: Told, before: u64) -> u64 {
    let log = &logs[0];
    assert!((1..).zip(log).all(|(seq, change)| change.seq == seq));
    for other in logs {
        assert_eq!(other, log);
    }
    let (mut written, mut unknown) = (0, 0);
    for (mutation, outcome) in &told {
        match outcome {
            Ok(change) => {
                written += 1;
                assert_eq!(&log[change.seq as usize - 1], change);
                let once = if change.effect == Effect::None { vec![] } else { vec![change.seq] };
                assert_eq!(made(log, mutation), once);
            }
            Err(StoreError::Unavailable(_)) => assert!(made(log, mutation).is_empty()),
            Err(StoreError::Uncertain(_)) => unknown += 1,
            Err(error) => panic!("{error}: {mutation:?}"),
        }
    }
    // Each is there once: nothing was lost, and nothing was done that nobody was told of.
    let grown = log.len() as u64 - before;
    assert!((written..=written + unknown).contains(&grown), "{written} and {unknown}: {grown}");
    assert!(written > told.len() as u64 / 2, "hardly anything was written");
    let events = log.len() as u64;
    // The last cut may still be felt.
    let chain = loop {
        match world.store.verify_audit_chain().await {
            Err(StoreError::Unavailable(_)) => yield_now().await,
            chain => break chain.unwrap(),
        }
    };
    assert_eq!(chain, Chain::Whole { events });
    assert!(
        matches!(log[0].effect, Effect::Put(ref image) if matches!(image.key(), Key::Organization(_)))
    );
    events
}
