//! The change log, the feed and the audit log.

use hallpass_core::{ClientId, Mutation, Timestamp, audit::Actor};
use hallpass_token::feed::Subject;

use super::{
    Bench, NOW, World, client_id,
    fixtures::{active, secret_id},
    organization,
};
use crate::{AuditFilter, Chain, Pruned, Retention, StoreError};

pub(crate) async fn changes_come_in_order_and_never_with_a_gap(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 8).await;
    let gone = |after, oldest| Err(StoreError::ChangesGone { after, oldest, newest: 10 });
    let seqs = async |after, limit| {
        let changes = world.store.changes_after(after, limit).await?;
        Ok(changes.into_iter().map(|change| change.seq).collect::<Vec<_>>())
    };
    for (after, limit, wanted) in [
        (0, 100, Ok((1..=10).collect())),
        (0, 3, Ok(vec![1, 2, 3])),
        (3, 3, Ok(vec![4, 5, 6])),
        (9, 3, Ok(vec![10])),
        (10, 3, Ok(vec![])),
        (11, 3, gone(11, 1)), // An older backup was restored.
    ] {
        assert_eq!(seqs(after, limit).await, wanted, "{limit} after {after}");
    }
    bench.edit("DELETE FROM changes WHERE seq <= 4").await;
    for (after, wanted) in [(0, gone(0, 5)), (3, gone(3, 5)), (4, Ok((5..=10).collect()))] {
        assert_eq!(seqs(after, 100).await, wanted, "after {after}");
    }
    bench.edit("DELETE FROM changes").await;
    assert_eq!(seqs(9, 100).await, gone(9, 0));
    assert_eq!(seqs(10, 100).await, Ok(vec![]));
}

pub(crate) async fn a_later_death_replaces_the_earlier_one(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 2).await;
    let kill =
        |number| Mutation::KillTokens { client_id: client_id(number), secret_id: secret_id(1) };
    let mut seen = Vec::new();
    for mutation in [
        kill(1),
        kill(2),
        kill(1),
        Mutation::PauseCredential(client_id(1)),
        Mutation::ResumeCredential(client_id(1)),
    ] {
        world.commit(mutation).await;
        let feed = world.store.feed().await.unwrap();
        let generations = |subject: &Subject| match subject {
            Subject::Credential { generations, .. } => generations.clone(),
            other => panic!("{other:?}"),
        };
        let deaths = feed.deaths.iter();
        seen.push(deaths.map(|d| (d.feed_seq, generations(&d.entry.subject))).collect::<Vec<_>>());
    }
    assert_eq!(
        seen,
        [
            vec![(1, Some(vec![1]))],
            vec![(1, Some(vec![1])), (2, Some(vec![1]))],
            vec![(2, Some(vec![1])), (3, Some(vec![1, 2]))],
            vec![(2, Some(vec![1])), (4, None)],
            vec![(2, Some(vec![1])), (5, Some(vec![1, 2, 3]))],
        ]
    );
}

pub(crate) async fn pruning_leaves_what_is_needed(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 8).await;
    world.commit(Mutation::RevokeCredential(client_id(1))).await;
    let token = Mutation::RevokeToken {
        client_id: client_id(2),
        jti: "a".into(),
        exp_s: NOW.plus_secs(60).as_secs(),
    };
    world.commit(token).await;
    let keep =
        Retention { changes_s: 1000, changes_at_least: 4, usage_hours: 24, ..Retention::default() };
    let later = |secs| NOW.plus_secs(secs);
    for (now, feed, changes) in [
        (NOW, 0, 0),
        (later(1000), 1, 0), // The token is past its end; the changes are not yet too old.
        (later(1001), 0, 8), // All are too old, and four must stay.
        (later(1_000_000), 1, 0),
    ] {
        let pruned = world.store.prune(now, &keep).await.unwrap();
        assert_eq!(pruned, Pruned { feed, changes, ..Pruned::default() }, "{now:?}");
    }
    assert_eq!(world.store.changes_after(8, 100).await.unwrap().len(), 4);
    let feed = world.store.feed().await.unwrap();
    assert_eq!((feed.feed_seq, feed.deaths.len()), (2, 0));
    // Numbers go on where they were, and nothing of the audit log goes.
    assert_eq!(world.add(active(9)).await.seq, 13);
    assert_eq!(world.store.verify_audit_chain().await.unwrap(), Chain::Whole { events: 13 });
}

pub(crate) async fn pruning_ends_at_the_first_young_change(bench: &dyn Bench) {
    let world = World::new(bench).await;
    // The clock of one node is an hour ahead.
    for (number, at) in [(1, NOW), (2, NOW.plus_secs(3600)), (3, NOW), (4, NOW)] {
        world.commit_at(Mutation::AddCredential(Box::new(active(number))), at).await;
    }
    let keep =
        Retention { changes_s: 0, changes_at_least: 0, usage_hours: 0, ..Retention::default() };
    for (now, changes, left) in [(NOW.plus_secs(1), 3, 3), (NOW.plus_secs(3601), 3, 0)] {
        let pruned = world.store.prune(now, &keep).await.unwrap();
        assert_eq!(pruned.changes, changes, "{now:?}");
        assert_eq!(world.store.changes_after(6 - left, 9).await.unwrap().len() as u64, left);
    }
}

pub(crate) async fn every_change_has_its_audit_event(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 3).await;
    world.commit(Mutation::AddOrganization(organization(2))).await;
    let by = Actor::Credential { client_id: client_id(1), address: "2001:db8::1".parse().unwrap() };
    let at = Timestamp::from_millis(NOW.as_millis() + 7);
    let own = Mutation::RevokeToken { client_id: client_id(1), jti: "a".into(), exp_s: 9 };
    world.store.commit(&own, &by, at).await.unwrap();

    let of = |number| AuditFilter {
        organization_id: Some(organization(number).id),
        ..Default::default()
    };
    let about = |subject: ClientId| AuditFilter {
        subject: Some(subject.to_string()),
        ..Default::default()
    };
    let done_by =
        |actor: ClientId| AuditFilter { actor_id: Some(actor.to_string()), ..Default::default() };
    for (filter, before, limit, wanted) in [
        (AuditFilter::default(), None, 100, vec![7, 6, 5, 4, 3, 2, 1]),
        (AuditFilter::default(), None, 2, vec![7, 6]),
        (AuditFilter::default(), Some(6), 2, vec![5, 4]),
        (of(1), None, 100, vec![7, 5, 4, 3, 1]),
        (of(2), None, 100, vec![6]),
        (about(client_id(1)), None, 100, vec![7, 3]),
        (about(client_id(1)), Some(7), 100, vec![3]),
        (AuditFilter { subject: about(client_id(1)).subject, ..of(2) }, None, 100, vec![]),
        (done_by(client_id(1)), None, 100, vec![7]),
        (AuditFilter { actor_id: done_by(client_id(1)).actor_id, ..of(2) }, None, 100, vec![]),
        (AuditFilter { action: Some("credential.".into()), ..of(1) }, None, 100, vec![5, 4, 3]),
        (AuditFilter { action: Some("%".into()), ..of(1) }, None, 100, vec![]),
        (AuditFilter { since: Some(at), ..AuditFilter::default() }, None, 100, vec![7]),
        (AuditFilter { until: Some(at), ..of(1) }, None, 100, vec![5, 4, 3, 1]),
    ] {
        let events = world.store.audit(&filter, before, limit).await.unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, wanted, "{filter:?} before {before:?}");
    }
    let events = world.store.audit(&AuditFilter::default(), None, 1).await.unwrap();
    let event = &events[0];
    assert_eq!((event.seq, event.at, &event.actor), (7, at, &by));
    assert_eq!(event.action, "token.revoke");
    assert_eq!(event.detail["jti"], "a");
}

pub(crate) async fn any_edit_of_the_audit_log_is_found(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 3).await;
    let whole = Chain::Whole { events: 5 };
    assert_eq!(world.store.verify_audit_chain().await.unwrap(), whole);
    bench.edit("CREATE TABLE kept AS SELECT * FROM audit").await;
    for (edit, seq) in [
        ("UPDATE audit SET action = 'x' WHERE seq = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET detail = '{}' WHERE seq = 2", 2),
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 4", 4),
        ("UPDATE audit SET hash = 'x' WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 5", 5),
        ("DELETE FROM audit", 1),
        (
            "INSERT INTO audit
             SELECT 6, at, actor, action, subject, organization_id, detail, hash, actor_id
             FROM audit WHERE seq = 5",
            6,
        ),
    ] {
        bench.edit(edit).await;
        assert_eq!(
            world.store.verify_audit_chain().await.unwrap(),
            Chain::Broken { seq },
            "{edit}"
        );
        bench.edit("DELETE FROM audit").await;
        bench.edit("INSERT INTO audit SELECT * FROM kept").await;
        assert_eq!(world.store.verify_audit_chain().await.unwrap(), whole);
    }
}
