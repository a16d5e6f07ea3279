//! The notices' own book: nothing is told twice, nothing is lost, and no two take the same.

use hallpass_core::{
    Mutation, OrganizationId, Timestamp, WebhookId,
    delivery::{Answer, Delivery, State, Target},
    notice::{self, Notice},
    usage::{Ending, Sighting, Slot, Usage},
};

use super::{
    Bench, NOW, World, client_id,
    fixtures::{active, pending, secret},
    organization,
};
use crate::Retention;

fn notice(key: &str) -> Notice {
    Notice { key: key.to_owned(), ..notice::test(organization(1).id, "ada", NOW) }
}

fn target(number: u8) -> Target {
    Target::Webhook(WebhookId::from_entropy([number; 16]))
}

/// A delivery of the notice `key` to a webhook.
fn delivery(number: u8, key: &str, to: u8) -> Delivery {
    let id = hallpass_core::DeliveryId::from_entropy([number; 16]);
    Delivery::new(id, &notice(key), target(to), NOW)
}

async fn ids(world: &World, of: &OrganizationId) -> Vec<String> {
    let all = world.store.deliveries(of, None, 99).await.unwrap();
    all.iter().map(|one| one.id.to_string()).collect()
}

pub(crate) async fn events_are_followed_from_the_migration_on(bench: &dyn Bench) {
    let world = World::new(bench).await;
    assert_eq!(world.store.told_up_to().await.unwrap(), 0, "a new installation tells everything");
    let events = world.store.events_after(0, 99).await.unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(world.store.events_after(1, 99).await.unwrap(), events[1..]);
    assert_eq!(world.store.events_after(0, 1).await.unwrap(), events[..1]);
    assert_eq!(world.store.events_after(2, 99).await.unwrap(), []);
}

pub(crate) async fn a_place_moves_once_and_with_its_deliveries(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let own = organization(1).id;
    assert!(world.store.tell(0, 2, &[delivery(1, "a", 1)]).await.unwrap());
    // Another node that stood where this one did.
    assert!(!world.store.tell(0, 2, &[delivery(2, "a", 1)]).await.unwrap());
    assert_eq!(world.store.told_up_to().await.unwrap(), 2);
    assert_eq!(ids(&world, &own).await, [delivery(1, "a", 1).id.to_string()]);

    // The same notice goes to each target once.
    let again = [delivery(3, "a", 1), delivery(4, "a", 2), delivery(5, "b", 1)];
    assert_eq!(world.store.tell_apart(&again).await.unwrap(), 2);
    assert_eq!(ids(&world, &own).await.len(), 3);
    assert_eq!(ids(&world, &organization(2).id).await, Vec::<String>::new());
}

pub(crate) async fn a_delivery_is_taken_by_one_and_comes_back_if_that_one_dies(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let all: Vec<_> = (1..=3).map(|number| delivery(number, &number.to_string(), 1)).collect();
    world.store.tell_apart(&all).await.unwrap();
    let later = NOW.plus_secs(60);
    let other = bench.open().await;
    let (one, two) =
        tokio::join!(world.store.take_due(NOW, later, 2), other.take_due(NOW, later, 2));
    let taken: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
    let mut ids: Vec<_> = taken.iter().map(|one| one.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((taken.len(), ids.len()), (3, 3), "each is taken once");
    assert_eq!(world.store.take_due(NOW, later, 9).await.unwrap(), []);

    // One was delivered, one failed, and whoever had the third died.
    let took = std::time::Duration::from_millis(5);
    let done = taken[0].clone().tried(NOW, took, Answer::Status(200));
    let failed = taken[1].clone().tried(NOW, took, Answer::Status(500));
    for one in [&done, &failed] {
        world.store.put_delivery(one).await.unwrap();
        assert_eq!(world.store.delivery(&one.id).await.unwrap().as_ref(), Some(one));
    }
    assert_eq!(done.state, State::Delivered);
    let again = world.store.take_due(failed.due_at, later, 9).await.unwrap();
    assert_eq!(again, [failed]);
    let back = world.store.take_due(later, NOW.plus_secs(120), 9).await.unwrap();
    assert_eq!(back.iter().filter(|one| one.id == taken[2].id).count(), 1);
}

pub(crate) async fn a_target_with_many_keeps_nobody_waiting(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let of_one = (1..=4).map(|number| delivery(number, &number.to_string(), 1));
    let all: Vec<_> = of_one.chain([delivery(9, "x", 2)]).collect();
    world.store.tell_apart(&all).await.unwrap();
    let taken = world.store.take_due(NOW, NOW.plus_secs(60), 3).await.unwrap();
    let taken: Vec<_> = taken.into_iter().map(|one| one.id).collect();
    assert_eq!(taken, [0, 4, 1].map(|at| all[at].id.clone()));
}

pub(crate) async fn deliveries_come_by_page_and_go_after_a_while(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let own = organization(1).id;
    let all: Vec<_> = (1..=5).map(|number| delivery(number, &number.to_string(), 1)).collect();
    world.store.tell_apart(&all).await.unwrap();
    let mut seen: Vec<Delivery> = Vec::new();
    loop {
        let before = seen.last().map(|last| last.id.clone());
        let page = world.store.deliveries(&own, before.as_ref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, all.iter().rev().cloned().collect::<Vec<_>>(), "the newest first");
    let keep = Retention { deliveries_s: 60, ..Retention::default() };
    for (secs, gone) in [(60, 0), (61, 5)] {
        let pruned = world.store.prune(NOW.plus_secs(secs), &keep).await.unwrap();
        assert_eq!(pruned.deliveries, gone, "{secs}");
    }
}

pub(crate) async fn ends_that_are_near_are_found(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let day = |count: u64| NOW.plus_secs(count * 86_400);
    for (number, end) in [(1, None), (2, Some(day(10))), (3, Some(day(40))), (4, Some(day(20)))] {
        let mut own = active(number);
        own.settings.expires_at = end;
        world.add(own).await;
    }
    world.add(pending(5, "waits")).await;
    world.commit(Mutation::PauseCredential(client_id(4))).await;
    let mut with_secret = secret(9);
    with_secret.expires_at = Some(day(5));
    let add = Mutation::AddSecret {
        client_id: client_id(1),
        secret: with_secret,
        others_expire_at: None,
    };
    world.commit(add).await;
    let found = async |after: Option<u64>, limit| {
        let after = after.map(client_id);
        let found = world.store.expiring((NOW, day(30)), after.as_ref(), limit).await.unwrap();
        found.into_iter().map(|own| own.client_id).collect::<Vec<_>>()
    };
    let all: Vec<_> = [1, 2, 4].map(client_id).into();
    assert_eq!(found(None, 9).await, all);
    assert_eq!(found(None, 1).await, all[..1]);
    assert_eq!(found(Some(1), 9).await, all[1..]);
}

pub(crate) async fn what_nobody_uses_is_found(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    world.commit(Mutation::PauseCredential(client_id(4))).await;
    let day = |count: u64| NOW.plus_secs(count * 86_400);
    let used = |number, at: Timestamp| Usage {
        slot: Slot {
            client_id: client_id(number),
            secret: 0,
            api_id: None,
            ending: Ending::Issued,
            hour: at.as_secs() / 3600,
        },
        count: 1,
        last_at: at,
        last_address: None,
    };
    world.store.record_usage(&[used(2, day(3)), used(3, day(50))]).await.unwrap();
    for (from, to, wanted) in [
        (0, 10, vec![(1, None), (2, Some(day(3)))]),
        (1, 10, vec![(2, Some(day(3)))]),
        (40, 60, vec![(3, Some(day(50)))]),
        (60, 90, vec![]),
    ] {
        let found = world.store.last_used_within((day(from), day(to)), None, 9).await.unwrap();
        let found: Vec<_> =
            found.into_iter().map(|(own, used_at)| (own.client_id, used_at)).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|(n, at)| (client_id(n), at)).collect();
        assert_eq!(found, wanted, "{from} to {to}");
    }
    let within = (day(0), day(10));
    let rest = world.store.last_used_within(within, Some(&client_id(1)), 9).await.unwrap();
    assert_eq!(rest.len(), 1);
}

pub(crate) async fn addresses_that_are_new_are_found(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 2).await;
    let seen = |number, last_byte: u8, library: &str, at_s: u64| Sighting {
        client_id: client_id(number),
        address: Some([192, 0, 2, last_byte].into()),
        library: library.into(),
        count: 1,
        first_at: NOW.plus_secs(at_s),
        last_at: NOW.plus_secs(at_s),
    };
    let rows = [
        // The first of a credential is no news; another library there is none either.
        seen(1, 1, "a", 0),
        seen(1, 1, "b", 20),
        seen(1, 2, "a", 10),
        seen(1, 2, "b", 30),
        seen(2, 2, "a", 40),
    ];
    world.store.record_sightings(&rows).await.unwrap();
    for (since_s, wanted) in [(0, 1), (10, 1), (11, 0)] {
        let found = world.store.new_addresses(NOW.plus_secs(since_s), 9).await.unwrap();
        assert_eq!(found.len(), wanted, "{since_s}");
        for one in found {
            assert_eq!((one.client_id, one.address), (client_id(1), rows[2].address));
        }
    }
}
