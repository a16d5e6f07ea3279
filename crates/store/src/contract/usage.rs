//! Usage roll-ups and sightings.

use hallpass_core::{
    Mutation,
    usage::{Ending, SIGHTINGS_AT_MOST, Sighting, Slot, Usage},
};

use super::{Bench, NOW, World, api, client_id};
use crate::{DailyUsage, LastUsed, Retention};

fn used(number: u64, secret: u16, ending: Ending, at_s: u64, count: u64) -> Usage {
    let last_at = NOW.plus_secs(at_s);
    Usage {
        slot: Slot {
            client_id: client_id(number),
            secret,
            api_id: (ending == Ending::Issued).then(|| api(1).id),
            ending,
            hour: last_at.as_secs() / 3600,
        },
        count,
        last_at,
        last_address: Some(format!("192.0.2.{}", at_s % 256).parse().unwrap()),
    }
}

pub(crate) async fn usage_adds_up(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 2).await;
    let record = async |rows: &[Usage]| world.store.record_usage(rows).await.unwrap();
    record(&[used(1, 0, Ending::Issued, 10, 3), used(1, 0, Ending::Refused, 11, 1)]).await;
    // The batch of another node, which comes late.
    record(&[used(1, 0, Ending::Issued, 5, 2), used(1, 1, Ending::Issued, 3600, 1)]).await;
    record(&[used(2, 0, Ending::Issued, 1, 1)]).await;

    let hour = NOW.as_secs() / 3600;
    let all = [
        used(1, 0, Ending::Refused, 11, 1),
        used(1, 0, Ending::Issued, 10, 5),
        used(1, 1, Ending::Issued, 3600, 1),
    ];
    let usage = world.store.usage(&client_id(1), 0).await.unwrap();
    assert_eq!(usage, all);
    assert_eq!(world.store.usage(&client_id(1), hour + 1).await.unwrap(), all[2..]);
    let last = |row: &Usage| LastUsed {
        secret: row.slot.secret,
        last_at: row.last_at,
        last_address: row.last_address,
    };
    let last_used = world.store.last_used(&client_id(1)).await.unwrap();
    assert_eq!(last_used, [last(&all[0]), last(&all[2])]);

    // Roll-ups go after a while; the last use stays.
    let keep = Retention { usage_hours: 1, ..Retention::default() };
    let now = NOW.plus_secs(7200);
    assert_eq!(world.store.prune(now, &keep).await.unwrap().usage, 3);
    assert_eq!(world.store.usage(&client_id(1), 0).await.unwrap(), all[2..]);
    assert_eq!(world.store.last_used(&client_id(1)).await.unwrap(), last_used);
}

pub(crate) async fn usage_goes_with_its_credential(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 1).await;
    let rows = [used(1, 0, Ending::Issued, 1, 1), used(9, 0, Ending::Issued, 1, 1)];
    world.store.record_usage(&rows).await.unwrap();
    assert_eq!(world.store.usage(&client_id(9), 0).await.unwrap(), []);
    assert_eq!(world.store.last_used(&client_id(9)).await.unwrap(), []);
    world.commit(Mutation::RevokeCredential(client_id(1))).await;
    assert_eq!(world.store.usage(&client_id(1), 0).await.unwrap().len(), 1);
    world.commit(Mutation::DeleteCredential(client_id(1))).await;
    assert_eq!(world.store.usage(&client_id(1), 0).await.unwrap(), []);
    assert_eq!(world.store.last_used(&client_id(1)).await.unwrap(), []);
}

pub(crate) async fn usage_of_many_is_read_at_once(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    let day_s = 86_400;
    let rows = [
        used(1, 0, Ending::Issued, 0, 3),
        used(1, 1, Ending::Issued, 60, 4),
        used(1, 0, Ending::Refused, 61, 1),
        used(1, 0, Ending::Issued, day_s, 5),
        used(2, 0, Ending::Issued, 2 * day_s, 6),
        used(3, 0, Ending::Issued, 0, 7),
    ];
    world.store.record_usage(&rows).await.unwrap();
    let day = NOW.as_secs() / day_s;
    let on = |number, after, issued, refused| DailyUsage {
        client_id: client_id(number),
        day: day + after,
        issued,
        refused,
    };
    let (first, second, third) = (on(1, 0, 7, 1), on(1, 1, 5, 0), on(2, 2, 6, 0));
    for (numbers, since, wanted) in [
        (&[1, 2][..], day, vec![first, second.clone(), third.clone()]),
        (&[1, 2], day + 1, vec![second, third.clone()]),
        (&[2, 4, 9], 0, vec![third]),
        (&[], 0, vec![]),
    ] {
        let ids: Vec<_> = numbers.iter().map(|number| client_id(*number)).collect();
        let statements = world.store.counts().statements;
        assert_eq!(world.store.daily_usage(&ids, since).await.unwrap(), wanted, "{numbers:?}");
        let latest = world.store.last_used_of(&ids).await.unwrap();
        assert_eq!(world.store.counts().statements - statements, 2);
        let mut one_by_one = Vec::new();
        for id in ids {
            let used = world.store.last_used(&id).await.unwrap();
            one_by_one.extend(used.into_iter().map(|used| (id.clone(), used)));
        }
        assert_eq!(latest, one_by_one, "{numbers:?}");
    }
}

fn seen(number: u64, address: &str, library: &str, count: u64, secs: (u64, u64)) -> Sighting {
    Sighting {
        client_id: client_id(number),
        address: (!address.is_empty()).then(|| address.parse().unwrap()),
        library: library.into(),
        count,
        first_at: NOW.plus_secs(secs.0),
        last_at: NOW.plus_secs(secs.1),
    }
}

pub(crate) async fn sightings_add_up_and_are_bounded(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 2).await;
    let record = async |rows: &[Sighting]| world.store.record_sightings(rows).await.unwrap();
    let of = async |number| world.store.sightings(&client_id(number)).await.unwrap();
    record(&[seen(1, "192.0.2.1", "curl/8", 2, (10, 20)), seen(1, "", "", 1, (30, 30))]).await;
    // The batch of another node, which comes late; and a credential that does not exist.
    record(&[seen(1, "192.0.2.1", "curl/8", 3, (5, 15)), seen(9, "::1", "x", 1, (1, 1))]).await;
    record(&[seen(2, "2001:db8::1", "Go-http-client/2.0", 1, (1, 1))]).await;
    let wanted = [seen(1, "", "", 1, (30, 30)), seen(1, "192.0.2.1", "curl/8", 5, (5, 20))];
    assert_eq!(of(1).await, wanted);
    assert_eq!(of(9).await, []);

    let many: Vec<_> = (0..SIGHTINGS_AT_MOST as u64)
        .map(|n| seen(1, &format!("10.0.0.{n}"), "curl/8", 1, (100 + n, 100 + n)))
        .collect();
    record(&many).await;
    let kept = of(1).await;
    assert_eq!(kept.len(), SIGHTINGS_AT_MOST);
    assert!(!kept.contains(&wanted[1]), "the oldest goes first");

    let keep = Retention { usage_hours: 1, ..Retention::default() };
    assert_eq!(world.store.prune(NOW.plus_secs(3602), &keep).await.unwrap().sightings, 1);
    assert_eq!(of(2).await, []);
    world.commit(Mutation::RevokeCredential(client_id(1))).await;
    world.commit(Mutation::DeleteCredential(client_id(1))).await;
    assert_eq!(of(1).await, []);
}
