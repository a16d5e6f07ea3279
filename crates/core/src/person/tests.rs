//! What each step does to a person, in tables.

use super::*;
use crate::{Conflict, opaque::Opaque};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn person() -> Person {
    let id = PersonId::from_entropy([1; 16]);
    Person::new(id, "ada@example.com".parse().unwrap(), "Ada".parse().unwrap(), NOW)
}

fn passkey(id: &str) -> Box<Passkey> {
    Box::new(Passkey {
        id: id.to_owned(),
        name: "Laptop".parse().unwrap(),
        state: serde_json::json!({}),
        created_at: NOW,
        last_used_at: None,
    })
}

fn after(person: Person, steps: &[PersonStep]) -> Result<Person, Conflict> {
    steps.iter().try_fold(person, |person, step| person.after(step, NOW.plus_secs(1)))
}

#[test]
fn sessions_end_when_a_means_of_proof_changes() {
    use PersonStep as Step;
    let with_passkey = after(person(), &[Step::AddPasskey(passkey("a"))]).unwrap();
    for (step, ends) in [
        (Step::Rename("Countess".parse().unwrap()), false),
        (Step::SetPassword(PasswordDigest("x".to_owned())), true),
        (Step::AddPasskey(passkey("b")), false),
        (Step::RenamePasskey { id: "a".to_owned(), name: "Phone".parse().unwrap() }, false),
        (Step::RemovePasskey { id: "a".to_owned() }, true),
        (Step::SetOperator(true), true),
        (Step::SetOperator(false), true),
        (Step::EndSessions, true),
        (Step::SetRecoveryCodes(Vec::new()), false),
    ] {
        let next = after(with_passkey.clone(), std::slice::from_ref(&step)).unwrap();
        assert_eq!(next.sessions_from > NOW, ends, "{step:?}");
    }
}

#[test]
fn what_can_be_used_once_is_used_once() {
    let code = Opaque::recovery_code([1; 10]).digest();
    let link =
        Link { digest: Opaque::from_entropy([2; 32]).digest(), expires_at: NOW.plus_secs(9) };
    let with = after(
        person(),
        &[PersonStep::SetRecoveryCodes(vec![code.clone()]), PersonStep::SetLink(link.clone())],
    )
    .unwrap();
    for step in [PersonStep::UseRecoveryCode(code), PersonStep::UseLink(link.digest.clone())] {
        let used = after(with.clone(), std::slice::from_ref(&step)).unwrap();
        let again = after(used, std::slice::from_ref(&step));
        assert!(matches!(again, Err(Conflict::UsedUp(_))), "{step:?}");
    }
    let late = with.clone().after(&PersonStep::UseLink(link.digest), NOW.plus_secs(9));
    assert!(matches!(late, Err(Conflict::UsedUp("link"))));
    let set = PersonStep::SetPassword(PasswordDigest("x".to_owned()));
    assert_eq!(after(with, &[set]).unwrap().link, None);
}

/// An account may have been made by somebody else under this address, or be in other hands.
#[test]
fn whoever_starts_over_is_let_in_by_nothing_from_before() {
    let subject = Subject { issuer: "https://login.example.com".to_owned(), sub: "ada".to_owned() };
    let link =
        Link { digest: Opaque::from_entropy([2; 32]).digest(), expires_at: NOW.plus_secs(9) };
    let steps = [
        PersonStep::SetPassword(PasswordDigest("x".to_owned())),
        PersonStep::AddPasskey(passkey("a")),
        PersonStep::SetRecoveryCodes(vec![Opaque::recovery_code([1; 10]).digest()]),
        PersonStep::AddSubject(subject),
        PersonStep::SetLink(link.clone()),
    ];
    let with_everything = after(person(), &steps).unwrap();
    for (step, is_operator) in [
        (PersonStep::UseLink(link.digest), false),
        (PersonStep::SetOperator(true), true),
        (PersonStep::StartOver, false),
    ] {
        let left = after(with_everything.clone(), std::slice::from_ref(&step)).unwrap();
        let sessions_from = left.sessions_from;
        assert!(sessions_from > NOW.plus_secs(1), "{step:?}");
        assert_eq!(left, Person { is_operator, sessions_from, ..person() }, "{step:?}");
    }
}

#[test]
fn passkeys_are_bounded_and_told_apart() {
    let add = |id: &str| PersonStep::AddPasskey(passkey(id));
    let twice = after(person(), &[add("a"), add("a")]);
    assert_eq!(twice, Err(Conflict::AlreadyExists("the passkey")));
    let many: Vec<_> = (0..=PASSKEYS_AT_MOST).map(|n| add(&n.to_string())).collect();
    assert_eq!(after(person(), &many), Err(Conflict::TooMany("passkeys")));
    let missing = after(person(), &[PersonStep::RemovePasskey { id: "a".to_owned() }]);
    assert_eq!(missing, Err(Conflict::NotFound("passkey")));
    let used = PersonStep::UsePasskey { id: "a".to_owned(), state: serde_json::json!(7) };
    let used = after(person(), &[add("a"), used]).unwrap();
    assert_eq!(used.passkeys[0].last_used_at, Some(NOW.plus_secs(1)));
}

#[test]
fn the_audit_log_hears_nothing_that_lets_anybody_in() {
    let digest = Opaque::from_entropy([2; 32]).digest();
    for step in [
        PersonStep::SetPassword(PasswordDigest("$argon2id$".to_owned())),
        PersonStep::SetRecoveryCodes(vec![digest.clone()]),
        PersonStep::UseRecoveryCode(digest.clone()),
        PersonStep::SetLink(Link { digest: digest.clone(), expires_at: NOW }),
        PersonStep::UseLink(digest.clone()),
    ] {
        let said = format!("{} {:?}", step.detail(), PasswordDigest("$argon2id$".to_owned()));
        assert!(!said.contains(digest.as_str()) && !said.contains("argon2"), "{step:?}");
    }
}
