//! What an organization is told, and that it is told once.

use super::*;
use crate::{
    ClientId, SecretId,
    audit::{Actor, CHAIN_START, Deed},
    credential::{NewSecret, Settings},
    secret::{Pepper, Secret},
};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const DAY: u64 = 86_400;

fn organization_id() -> OrganizationId {
    OrganizationId::from_entropy([2; 16])
}

/// A credential that ends, with a secret that ends, so many seconds from now.
fn ends_in(own_s: Option<u64>, secret_s: Option<u64>) -> Credential {
    let secret = Secret::from_entropy([1; 32]);
    let id = SecretId::from_entropy([3; 16]);
    let mut new = NewSecret::new(id, &secret, &Pepper::new([9; 32]));
    new.expires_at = secret_s.map(|secs| NOW.plus_secs(secs));
    let mut settings = Settings::new("Reports".parse().unwrap(), Vec::new());
    settings.expires_at = own_s.map(|secs| NOW.plus_secs(secs));
    let id = ClientId::from_entropy([1; 16]);
    Credential::pending(id, organization_id(), settings, &new, (NOW, "tester"))
        .activate(NOW)
        .unwrap()
}

fn event(action: &'static str) -> Event {
    let deed = Deed {
        action,
        subject: "x".to_owned(),
        organization_id: Some(organization_id()),
        detail: json!({ "secret": "sec_1" }),
    };
    Event::chained(CHAIN_START, 7, NOW, &Actor::Server, deed)
}

#[test]
fn an_end_is_announced_when_each_of_its_days_has_come() {
    for (left_s, days) in [
        (31 * DAY, None),
        (30 * DAY + 1, None),
        (30 * DAY, Some(30)),
        (15 * DAY, Some(30)),
        (14 * DAY, Some(14)),
        (7 * DAY, Some(7)),
        (DAY, Some(1)),
        (1, Some(1)),
        (0, None),
    ] {
        for own in [ends_in(Some(left_s), None), ends_in(None, Some(left_s))] {
            let told = expiring(&own, NOW);
            let told: Vec<_> =
                told.iter().map(|one| one.data["days_left_at_most"].as_u64().unwrap()).collect();
            assert_eq!(told, days.into_iter().collect::<Vec<_>>(), "{left_s}");
        }
    }
}

#[test]
fn the_same_end_is_told_under_the_same_key_and_a_new_end_anew() {
    let key = |own: &Credential, now| expiring(own, now)[0].key.clone();
    let own = ends_in(None, Some(10 * DAY));
    assert_eq!(key(&own, NOW), key(&own, NOW.plus_secs(3600)));
    assert_ne!(key(&own, NOW), key(&own, NOW.plus_secs(5 * DAY)));
    assert_ne!(key(&own, NOW), key(&ends_in(None, Some(10 * DAY + 1)), NOW));
}

#[test]
fn a_credential_is_unused_after_ninety_days_without_a_token() {
    let own = ends_in(None, None);
    let limit = UNUSED_DAYS * DAY;
    for (used_s, now_s, is_told) in [
        (None, limit - 1, false),
        (None, limit, true),
        (Some(DAY), limit, false),
        (Some(DAY), limit + DAY, true),
    ] {
        let used_at = used_s.map(|secs| NOW.plus_secs(secs));
        let told = unused(&own, used_at, NOW.plus_secs(now_s));
        assert_eq!(told.is_some(), is_told, "{used_s:?} {now_s}");
    }
}

#[test]
fn events_that_stop_or_await_something_are_told() {
    for (action, wanted) in [
        ("secret.leaked", Some((Kind::Leaked, "secret.leaked"))),
        ("credential.ask_approval", Some((Kind::ApprovalAsked, "credential.approval_asked"))),
        ("credential.pause", Some((Kind::Stopped, "credential.paused"))),
        ("credential.revoke", Some((Kind::Stopped, "credential.revoked"))),
        ("organization.suspend", Some((Kind::Stopped, "organization.suspended"))),
        ("credential.add", None),
        ("session.begin", None),
    ] {
        let told = of_event(&event(action));
        assert_eq!(told.as_ref().map(|one| (one.kind, one.what)), wanted, "{action}");
        if let Some(told) = told {
            assert_eq!((told.key.as_str(), &told.data["secret_id"]), ("event/7", &json!("sec_1")));
        }
    }
}

#[test]
fn everything_that_is_told_can_be_said() {
    let own = ends_in(Some(DAY), Some(DAY));
    let mut all = expiring(&own, NOW);
    all.extend(unused(&own, None, NOW.plus_secs(UNUSED_DAYS * DAY)));
    all.push(new_address(&own, [192, 0, 2, 7].into(), NOW));
    all.push(test(organization_id(), "ada", NOW));
    for action in [
        "secret.leaked",
        "credential.ask_approval",
        "credential.pause",
        "credential.revoke",
        "organization.suspend",
    ] {
        all.extend(of_event(&event(action)));
    }
    assert_eq!(all.len(), 10);
    for told in &all {
        let said = said(told.what, &told.data);
        assert!(said.ends_with('.') && said != told.what, "{said}");
        let names_it = said.contains(own.client_id.as_str()) || told.data["by"].is_string();
        assert!(names_it, "{said}");
    }
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (secs, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_764_000_000, "2025-11-24T16:00:00Z"),
        (4_102_444_799, "2099-12-31T23:59:59Z"),
    ] {
        assert_eq!(date(Timestamp::from_secs(secs)), text);
    }
}

#[test]
fn a_kind_is_its_word() {
    for kind in Kind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    assert_eq!("test".parse::<Kind>(), Err(BadKind), "tests are not chosen");
}
