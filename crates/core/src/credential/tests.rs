//! The life of a credential: which steps each state allows, and which tokens each step kills.

use super::*;
use crate::{
    Conflict, Installation,
    secret::{Pepper, Secret},
};
use hallpass_token::feed::Subject;

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_764_000_060);

fn installation() -> Installation {
    Installation { longest_lifetime_s: 86_400, vault: None }
}

fn new_secret(number: u8) -> NewSecret {
    let secret = Secret::from_entropy([number; 32]);
    NewSecret::new(SecretId::from_entropy([number; 16]), &secret, &Pepper::new([9; 32]))
}

fn pending() -> Credential {
    let settings = Settings::new("reports".parse().unwrap(), Vec::new());
    let ids = (ClientId::from_entropy([1; 16]), OrganizationId::from_entropy([2; 16]));
    Credential::pending(ids.0, ids.1, settings, &new_secret(1), (NOW, "operator"))
}

fn active() -> Credential {
    pending().activate(NOW).unwrap()
}

/// The generations that the feed calls dead: `None` for nothing, `Some([])` for all.
fn dead(credential: &Credential) -> Option<Vec<Generation>> {
    match credential.death()?.subject {
        Subject::Credential { generations, .. } => Some(generations.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn generations(credential: &Credential) -> Vec<Generation> {
    credential.secrets.iter().map(|secret| secret.generation).collect()
}

#[test]
fn more_is_told_from_less() {
    type Change = fn(&mut Settings);
    let api = |number: u8| crate::ApiId::from_entropy([number; 16]);
    let mut before = Settings::new("reports".parse().unwrap(), Vec::new());
    before.grants.push(Grant { api_id: api(1), scopes: "a b".parse().unwrap() });
    before.allow_list.push("192.0.2.0/24".parse().unwrap());
    before.expires_at = Some(LATER);
    let changes: [(Change, bool); 14] = [
        (|_| {}, false),
        (|new| new.name = "other".parse().unwrap(), false),
        (|new| new.grants.clear(), false),
        (|new| new.grants[0].scopes = "b".parse().unwrap(), false),
        (|new| new.grants[0].scopes = "a c".parse().unwrap(), true),
        (|new| new.grants[0].api_id = crate::ApiId::from_entropy([2; 16]), true),
        (|new| new.introspects.push(crate::ApiId::from_entropy([1; 16])), true),
        (|new| new.allow_list.clear(), true),
        (|new| new.allow_list[0] = "192.0.2.8/32".parse().unwrap(), false),
        (|new| new.allow_list[0] = "192.0.0.0/16".parse().unwrap(), true),
        (|new| new.allow_list.push("2001:db8::/32".parse().unwrap()), true),
        (|new| new.expires_at = Some(NOW), false),
        (|new| new.expires_at = Some(LATER.plus_secs(1)), true),
        (|new| new.expires_at = None, true),
    ];
    for (place, (change, is_more)) in changes.into_iter().enumerate() {
        let mut new = before.clone();
        change(&mut new);
        assert_eq!(new.reach_beyond(&before), is_more, "{place}");
    }
    // Where nothing was said, nothing goes beyond it but what is granted.
    let free = Settings { allow_list: Vec::new(), expires_at: None, ..before.clone() };
    assert!(!before.reach_beyond(&free) && free.reach_beyond(&before));
}

#[test]
fn a_pending_credential_is_activated_once_and_in_time() {
    let ends = NOW.plus_secs(PENDING_S);
    assert_eq!(pending().status, Status::Pending { expires_at: ends });
    assert_eq!(pending().activate(ends), Err(Conflict::PendingExpired));
    assert!(active().activate(NOW).is_err());
    assert_eq!(pending().next_expiry(), Some(ends));
    assert_eq!(active().next_expiry(), None);
}

#[test]
fn each_state_allows_only_the_steps_that_make_sense() {
    let inst = installation();
    let paused = active().pause(&inst, NOW).unwrap();
    let revoked = active().revoke(&inst, NOW).unwrap();
    for (name, state, pause, resume, revoke, delete) in [
        ("pending", pending(), false, false, true, false),
        ("active", active(), true, false, true, false),
        ("paused", paused, false, true, true, false),
        ("revoked", revoked, false, false, false, true),
    ] {
        assert_eq!(state.clone().pause(&inst, NOW).is_ok(), pause, "pause {name}");
        assert_eq!(state.clone().resume(&inst, NOW).is_ok(), resume, "resume {name}");
        assert_eq!(state.clone().revoke(&inst, NOW).is_ok(), revoke, "revoke {name}");
        assert_eq!(state.may_be_deleted().is_ok(), delete, "delete {name}");
    }
}

#[test]
fn adding_a_secret_never_kills_anything() {
    let two = active().add_secret(&new_secret(2), None, (NOW, "operator")).unwrap();
    assert_eq!(generations(&two), [1, 2]);
    assert_eq!(dead(&two), None);
}

#[test]
fn killing_a_generation_kills_the_tokens_of_one_secret_and_no_others() {
    let inst = installation();
    let two = active().add_secret(&new_secret(2), None, (NOW, "operator")).unwrap();
    let killed = two.clone().kill_tokens(&two.secrets[0].id, &inst, NOW).unwrap();
    assert_eq!(dead(&killed), Some(vec![1]));
    assert_eq!(generations(&killed), [3, 2]);
    assert!(killed.is_dead(1) && !killed.is_dead(2) && !killed.is_dead(3));
}

#[test]
fn a_resumed_credential_keeps_its_old_tokens_dead_and_mints_under_fresh_generations() {
    let inst = installation();
    let paused = active().pause(&inst, NOW).unwrap();
    assert_eq!(dead(&paused), Some(vec![]));
    let resumed = paused.resume(&inst, LATER).unwrap();
    assert_eq!(dead(&resumed), Some(vec![1]));
    assert_eq!(generations(&resumed), [2]);
}

#[test]
fn the_feed_outlives_the_last_token_of_a_node_that_was_cut_off() {
    let entry = active().revoke(&installation(), NOW).unwrap().death().unwrap();
    assert_eq!(entry.until_s, NOW.as_secs() + 86_400 + crate::installation::FEED_MARGIN_S);
}

#[test]
fn retiring_a_secret_asks_what_becomes_of_its_tokens() {
    let inst = installation();
    let two = active().add_secret(&new_secret(2), None, (NOW, "operator")).unwrap();
    let first = two.secrets[0].id.clone();
    let kept = two.clone().retire_secret(&first, LiveTokens::Keep, &inst, NOW).unwrap();
    assert_eq!((dead(&kept), kept.usable_secrets(NOW).count()), (None, 1));
    // What was kept can still be killed later.
    let later = kept.clone().retire_secret(&first, LiveTokens::Kill, &inst, LATER).unwrap();
    assert_eq!(dead(&later), Some(vec![1]));
    let again = kept.clone().retire_secret(&first, LiveTokens::Keep, &inst, LATER);
    assert_eq!(again, Err(Conflict::AlreadyRetired));
    let last = kept.secrets[1].id.clone();
    let refused = kept.retire_secret(&last, LiveTokens::Kill, &inst, NOW);
    assert_eq!(refused, Err(Conflict::LastSecret));
    let unknown = SecretId::from_entropy([7; 16]);
    let refused = two.retire_secret(&unknown, LiveTokens::Keep, &inst, NOW);
    assert_eq!(refused, Err(Conflict::NoSuchSecret));
}

#[test]
fn rotation_gives_the_outgoing_secrets_an_end_but_never_a_later_one() {
    let end = NOW.plus_secs(7 * 86_400);
    let two = active().add_secret(&new_secret(2), Some(end), (NOW, "operator")).unwrap();
    assert_eq!(two.secrets[0].expires_at, Some(end));
    assert_eq!(two.secrets[1].expires_at, None);
    let much_later = NOW.plus_secs(30 * 86_400);
    let three = two.add_secret(&new_secret(3), Some(much_later), (NOW, "operator")).unwrap();
    assert_eq!(three.secrets[0].expires_at, Some(end));
    assert_eq!(three.secrets[1].expires_at, Some(much_later));
}

#[test]
fn secrets_are_bounded_in_number() {
    let mut full = active();
    for number in 2..=SECRETS_AT_MOST as u8 {
        full = full.add_secret(&new_secret(number), None, (NOW, "operator")).unwrap();
    }
    let refused = full.add_secret(&new_secret(99), None, (NOW, "operator"));
    assert_eq!(refused, Err(Conflict::TooManySecrets));
}

#[test]
fn what_expires_is_killed_once_and_again_when_the_date_moves() {
    let inst = installation();
    let mut settings = active().settings;
    settings.expires_at = Some(LATER);
    let ending = active().update(settings.clone(), &inst, NOW).unwrap();
    assert_eq!(ending.next_expiry(), Some(LATER));
    assert_eq!(ending.clone().expire(&inst, NOW), Err(Conflict::NothingExpired));
    let ended = ending.expire(&inst, LATER).unwrap();
    assert_eq!((dead(&ended), ended.next_expiry()), (Some(vec![1]), None));
    assert_eq!(ended.expire(&inst, LATER), Err(Conflict::NothingExpired));
    // A date in the past kills with the update itself.
    settings.expires_at = Some(NOW);
    let at_once = active().update(settings, &inst, LATER).unwrap();
    assert_eq!((dead(&at_once), at_once.next_expiry()), (Some(vec![1]), None));
}

#[test]
fn an_expired_secret_takes_only_its_own_tokens_with_it() {
    let inst = installation();
    let two = active().add_secret(&new_secret(2), Some(LATER), (NOW, "operator")).unwrap();
    assert_eq!(two.next_expiry(), Some(LATER));
    let ended = two.expire(&inst, LATER).unwrap();
    assert_eq!(dead(&ended), Some(vec![1]));
    assert_eq!(ended.secrets[0].status(LATER), SecretStatus::Expired);
    assert_eq!(ended.usable_secrets(LATER).count(), 1);
}

#[test]
fn dead_generations_are_forgotten_when_their_last_token_has_expired() {
    let inst = installation();
    let id = active().secrets[0].id.clone();
    let killed = active().kill_tokens(&id, &inst, NOW).unwrap();
    let much_later = inst.until(NOW);
    let again = killed.kill_tokens(&id, &inst, much_later).unwrap();
    assert_eq!(dead(&again), Some(vec![2]));
}

#[test]
fn a_credential_survives_its_own_json() {
    let inst = installation();
    let two = active().add_secret(&new_secret(2), Some(LATER), (NOW, "operator")).unwrap();
    let paused = two.expire(&inst, LATER).unwrap().pause(&inst, LATER).unwrap();
    let json = serde_json::to_string(&paused).unwrap();
    assert_eq!(serde_json::from_str::<Credential>(&json).unwrap(), paused);
}

#[test]
fn a_leaked_secret_dies_even_as_the_last_one() {
    let credential = active();
    let id = credential.secrets[0].id.clone();
    let leaked = credential.retire_leaked_secret(&id, &installation(), NOW).unwrap();
    assert_eq!(leaked.usable_secrets(NOW).count(), 0);
    assert!(leaked.death().is_some());
    let again = leaked.retire_leaked_secret(&id, &installation(), NOW);
    assert_eq!(again, Err(Conflict::AlreadyRetired));
}

#[test]
fn whoever_waits_for_approval_waits_longer_and_gets_no_tokens() {
    let asked = pending().ask_approval(NOW, "ada@example.com").unwrap();
    assert_eq!(asked.status, Status::Pending { expires_at: NOW.plus_secs(APPROVAL_S) });
    let approved = asked.activate(NOW.plus_secs(APPROVAL_S - 1)).unwrap();
    assert_eq!((approved.status, approved.approval_asked_by), (Status::Active, None));
    let late = pending().ask_approval(NOW.plus_secs(PENDING_S), "ada@example.com");
    assert_eq!(late, Err(Conflict::PendingExpired));
    assert!(active().ask_approval(NOW, "ada@example.com").is_err());
}
