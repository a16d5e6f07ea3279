//! Lists, and what is due.

use hallpass_core::{Credential, Mutation, OrganizationId, change::Key};

use super::{
    Bench, NOW, World, client_id,
    fixtures::{active, pending, secret},
    organization,
};
use crate::{AuditFilter, CredentialCounts, CredentialFilter, Newest, PersonBy, StoreError};

async fn ids(world: &World, filter: &CredentialFilter, page: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids.last().map(|id| id.parse().unwrap());
        let found = world.store.credentials(filter, after.as_ref(), page).await.unwrap();
        ids.extend(found.iter().map(|credential| credential.client_id.to_string()));
        if found.len() < page {
            return ids;
        }
    }
}

fn of(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|number| client_id(*number).to_string()).collect()
}

pub(crate) async fn credentials_are_listed_by_page(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 7).await;
    for page in [1, 2, 7, 8] {
        let all = ids(&world, &CredentialFilter::default(), page).await;
        assert_eq!(all, of(&[1, 2, 3, 4, 5, 6, 7]), "{page} a page");
    }
}

pub(crate) async fn a_filter_finds_what_it_says(bench: &dyn Bench) {
    let world = World::new(bench).await;
    world.commit(Mutation::AddOrganization(organization(2))).await;
    for (number, name) in [(1, "Monthly reports"), (2, "Übersicht 100%"), (3, "REPORTS_old")] {
        world.add(pending(number, name).activate(NOW).unwrap()).await;
    }
    world.add(pending(4, "reports, pending")).await;
    world.commit(Mutation::PauseCredential(client_id(3))).await;
    let mut other = active(5);
    other.organization_id = organization(2).id;
    world.add(other).await;

    let filter =
        |organization_id: Option<u64>, status: Option<&str>, name: Option<&str>| CredentialFilter {
            organization_id: organization_id.map(|number| organization(number).id),
            status: status.map(str::to_owned),
            text: name.map(str::to_owned),
            tag: None,
        };
    for (filter, wanted) in [
        (filter(None, None, None), &[1, 2, 3, 4, 5][..]),
        (filter(Some(1), None, None), &[1, 2, 3, 4]),
        (filter(Some(2), None, None), &[5]),
        (filter(Some(3), None, None), &[]),
        (filter(None, Some("active"), None), &[1, 2, 5]),
        (filter(Some(1), Some("paused"), None), &[3]),
        (filter(None, None, Some("Reports")), &[1, 3, 4]),
        (filter(None, None, Some("übersicht")), &[2]),
        // Not a pattern: these are ordinary characters.
        (filter(None, None, Some("%")), &[2]),
        (filter(None, None, Some("s_o")), &[3]),
        (filter(Some(1), Some("pending"), Some("reports")), &[4]),
    ] {
        assert_eq!(ids(&world, &filter, 2).await, of(wanted), "{filter:?}");
    }
}

pub(crate) async fn what_no_database_can_hold_is_not_found(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 1).await;
    let odd = || Some("Credential\0".to_owned());
    for filter in [
        CredentialFilter { text: odd(), ..CredentialFilter::default() },
        CredentialFilter { tag: odd(), ..CredentialFilter::default() },
        CredentialFilter { status: odd(), ..CredentialFilter::default() },
    ] {
        assert_eq!(world.store.credentials(&filter, None, 9).await.unwrap(), []);
        assert_eq!(world.store.count_credentials(&filter).await.unwrap(), 0);
    }
    for filter in [
        AuditFilter { subject: odd(), ..AuditFilter::default() },
        AuditFilter { actor_id: odd(), ..AuditFilter::default() },
        AuditFilter { action: odd(), ..AuditFilter::default() },
    ] {
        assert_eq!(world.store.audit(&filter, None, 9).await.unwrap(), []);
    }
    let by = PersonBy::FoldedEmail("a\0@example.com".to_owned());
    assert_eq!(world.store.find_person(&by).await.unwrap(), None);
}

pub(crate) async fn the_newest_come_first(bench: &dyn Bench) {
    let world = World::new(bench).await;
    // Two of them at the same moment, and none in the order of the ids.
    for (number, secs) in [(1, 30), (2, 10), (3, 20), (4, 20), (5, 40)] {
        let mut credential = active(number);
        credential.created_at = NOW.plus_secs(secs);
        if number % 2 == 1 {
            credential.settings.tags = vec!["Nightly".parse().unwrap(), "ci".parse().unwrap()];
        }
        world.add(credential).await;
    }
    let own = Some(organization(1).id);
    let tagged = |tag: &str| CredentialFilter { tag: Some(tag.to_owned()), ..Default::default() };
    let by_id = client_id(3).to_string()[4..].to_owned();
    for (filter, wanted) in [
        (CredentialFilter { organization_id: own, ..Default::default() }, &[5, 1, 4, 3, 2][..]),
        (CredentialFilter::default(), &[5, 1, 4, 3, 2]),
        (tagged("nightly"), &[5, 1, 3]),
        (tagged("CI"), &[5, 1, 3]),
        (tagged("night"), &[]),
        (CredentialFilter { text: Some(by_id), ..Default::default() }, &[3]),
    ] {
        let count = world.store.count_credentials(&filter).await.unwrap();
        assert_eq!(count, wanted.len() as u64, "{filter:?}");
        for page in [1, 2, 9] {
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let some =
                    world.store.newest_credentials(&filter, before.as_ref(), page).await.unwrap();
                before = some.last().map(Newest::of);
                found.extend(some.iter().map(|credential| credential.client_id.to_string()));
                if some.len() < page {
                    break;
                }
            }
            assert_eq!(found, of(wanted), "{filter:?}, {page} a page");
        }
    }
}

pub(crate) async fn what_has_expired_is_due(bench: &dyn Bench) {
    let world = World::new(bench).await;
    let ending = |number, secs| {
        let mut credential: Credential = active(number);
        credential.settings.expires_at = Some(NOW.plus_secs(secs));
        credential
    };
    world.add(active(1)).await;
    world.add(ending(2, 20)).await;
    world.add(ending(3, 10)).await;
    world.add(pending(4, "Pending")).await;
    // A secret's end counts, too.
    world.add(active(5)).await;
    let others_expire_at = Some(NOW.plus_secs(5));
    world
        .commit(Mutation::AddSecret {
            client_id: client_id(5),
            secret: secret(2),
            others_expire_at,
        })
        .await;

    let due = async |secs, limit| {
        let due = world.store.due(NOW.plus_secs(secs), limit).await.unwrap();
        due.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for (secs, limit, wanted) in [
        (0, 9, &[][..]),
        (5, 9, &[5]),
        (10, 9, &[5, 3]),
        (20, 9, &[5, 3, 2]),
        (20, 2, &[5, 3]),
        (1800, 9, &[5, 3, 2, 4]),
    ] {
        assert_eq!(due(secs, limit).await, of(wanted), "after {secs} s");
    }
    for number in [2, 3, 4, 5] {
        world.commit_at(Mutation::ExpireCredential(client_id(number)), NOW.plus_secs(1800)).await;
    }
    assert_eq!(due(1_000_000, 9).await, of(&[]));
}

pub(crate) async fn credentials_are_counted_by_organization_and_status(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 4).await;
    world.add(pending(5, "waits")).await;
    world.commit(Mutation::PauseCredential(client_id(1))).await;
    world.commit(Mutation::RevokeCredential(client_id(2))).await;
    world.commit(Mutation::RevokeCredential(client_id(3))).await;
    world.commit(Mutation::AddOrganization(organization(2))).await;
    let mut other = active(6);
    other.organization_id = organization(2).id;
    world.add(other).await;

    let one = CredentialCounts { pending: 1, active: 1, paused: 1, revoked: 2 };
    let two = CredentialCounts { active: 1, ..CredentialCounts::default() };
    let all = [(organization(1).id, one), (organization(2).id, two)];
    assert_eq!(world.store.credential_counts(None).await.unwrap(), all);
    for (number, wanted) in [(1, &all[..1]), (2, &all[1..]), (3, &[])] {
        let of = organization(number).id;
        assert_eq!(world.store.credential_counts(Some(&of)).await.unwrap(), wanted, "{number}");
    }
}

pub(crate) async fn a_damaged_row_is_named(bench: &dyn Bench) {
    let world = World::with_credentials(bench, 2).await;
    let id = client_id(1);
    bench.edit(&format!("UPDATE credentials SET document = '{{}}' WHERE client_id = '{id}'")).await;
    let named = |error| match error {
        StoreError::Damaged { row, .. } => row,
        other => panic!("{other:?}"),
    };
    let row = format!("credential {id}");
    assert_eq!(named(world.store.image(&Key::Credential(id.clone())).await.unwrap_err()), row);
    assert_eq!(named(world.store.load(&mut |_| ()).await.unwrap_err()), row);
    let revoke = Mutation::RevokeCredential(id.clone());
    assert_eq!(named(world.try_commit(revoke).await.unwrap_err()), row);
    // It takes nothing else down with it.
    world.commit(Mutation::RevokeCredential(client_id(2))).await;

    let nobody: OrganizationId = organization(9).id;
    let filter = CredentialFilter { organization_id: Some(nobody), ..Default::default() };
    assert_eq!(world.store.credentials(&filter, None, 9).await.unwrap(), []);
}
