//! The rules of freshness, in tables.

use hallpass_token::{
    feed::{BadEntry, Subject},
    revocation::{Death, Handle},
};

use super::*;
use crate::clock::ManualClock;

const NOW_S: u64 = 1_764_000_000;
const MAX_STALENESS_S: u64 = 60;
const FAR_S: u64 = NOW_S + 86_400;

fn choice(revocations: Revocations, when_stale: WhenStale) -> Choice {
    Choice { revocations, when_stale, max_staleness_s: MAX_STALENESS_S }
}

/// Fail closed, with a log to save, and the feed found.
fn knowledge() -> (Knowledge, ManualClock) {
    let clock = ManualClock::at(NOW_S);
    let choice = choice(Revocations::IfOffered, WhenStale::FailClosed);
    let knowledge = Knowledge::new(Arc::new(clock.clone()), choice, true);
    knowledge.offered(Some("https://issuer.example/revocations"));
    (knowledge, clock)
}

fn credential(name: &str, generations: Option<&[u32]>) -> Entry {
    let generations = generations.map(<[u32]>::to_vec);
    Entry { subject: Subject::Credential { handle: Handle::of(name), generations }, until_s: FAR_S }
}

fn token(name: &str, until_s: u64) -> Entry {
    Entry { subject: Subject::Token { handle: Handle::of(name) }, until_s }
}

fn key(kid: &str) -> Entry {
    Entry { subject: Subject::Key { kid: kid.to_owned() }, until_s: FAR_S }
}

fn organization(name: &str, before_s: Option<u64>) -> Entry {
    let subject = Subject::Organization { handle: Handle::of(name), before_s };
    Entry { subject, until_s: FAR_S }
}

fn snapshot(seq: u64, as_of: u64, entries: Vec<Entry>) -> Prepared {
    let snapshot = Snapshot { seq, as_of, entries };
    Prepared::new(ReadSnapshot { snapshot, not_understood: Vec::new() })
}

fn half_understood(seq: u64, as_of: u64, entries: Vec<Entry>) -> Prepared {
    let snapshot = Snapshot { seq, as_of, entries };
    let not_understood = vec![BadEntry::UnknownSubject];
    Prepared::new(ReadSnapshot { snapshot, not_understood })
}

/// The token `t` of the credential `c` of the organization `o`, minted under generation 2.
fn presented() -> Presented<'static> {
    Presented {
        client: Handle::of("c"),
        jti: Handle::of("t"),
        kid: "k",
        generation: Some(2),
        organization: Some(Handle::of("o")),
        iat_s: NOW_S - 100,
    }
}

/// `passes`, `unavailable`, or what killed it.
fn judged(knowledge: &Knowledge) -> String {
    match knowledge.judge(&presented(), knowledge.clock.unix_s()) {
        Ok(()) => "passes".to_owned(),
        Err(Rejection::Revoked(death)) => death.to_string(),
        Err(rejection) => rejection.reason().to_owned(),
    }
}

#[test]
fn what_passes_follows_from_choice_offer_and_staleness() {
    use Revocations::{IfOffered, Off, Required};
    use WhenStale::{FailClosed, FailOpen};
    let at = Some("https://issuer.example/revocations");
    // What is said of the feed, then the age of what is known, if anything is.
    for (revocations, when_stale, offer, age_s, alive, dead) in [
        (Off, FailClosed, Some(at), None, "passes", "passes"),
        (Off, FailClosed, Some(None), None, "passes", "passes"),
        (IfOffered, FailClosed, Some(None), None, "passes", "passes"),
        (IfOffered, FailClosed, Some(at), None, "unavailable", "unavailable"),
        (IfOffered, FailClosed, Some(at), Some(0), "passes", "its credential"),
        (IfOffered, FailClosed, Some(at), Some(60), "passes", "its credential"),
        (IfOffered, FailClosed, Some(at), Some(61), "unavailable", "its credential"),
        (IfOffered, FailOpen, Some(at), None, "passes", "passes"),
        (IfOffered, FailOpen, Some(at), Some(61), "passes", "its credential"),
        (IfOffered, FailOpen, Some(at), Some(80_000), "passes", "its credential"),
        (Required, FailClosed, None, None, "unavailable", "unavailable"),
        (Required, FailClosed, Some(None), None, "unavailable", "unavailable"),
        (Required, FailOpen, Some(None), None, "unavailable", "unavailable"),
        (Required, FailClosed, Some(at), Some(0), "passes", "its credential"),
        (Required, FailClosed, Some(at), Some(61), "unavailable", "its credential"),
        (Required, FailOpen, Some(at), Some(61), "passes", "its credential"),
    ] {
        for (entries, expected) in [(vec![], alive), (vec![credential("c", None)], dead)] {
            let clock = ManualClock::at(NOW_S);
            let choice = choice(revocations, when_stale);
            let knowledge = Knowledge::new(Arc::new(clock), choice, false);
            if let Some(uri) = offer {
                knowledge.offered(uri);
            }
            if let Some(age_s) = age_s {
                knowledge.adopt(snapshot(1, NOW_S - age_s, entries)).unwrap();
            }
            let case = format!("{revocations:?} {when_stale:?} {offer:?} {age_s:?}");
            assert_eq!(judged(&knowledge), expected, "{case}");
            assert_eq!(knowledge.is_ready(), alive == "passes", "{case}");
        }
    }
}

/// Two clocks that a test sets apart.
#[derive(Default)]
struct Clocks {
    unix_s: AtomicU64,
    monotonic_s: AtomicU64,
}

impl Clock for Arc<Clocks> {
    fn unix_s(&self) -> u64 {
        self.unix_s.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.monotonic_s.load(Ordering::SeqCst))
    }
}

#[test]
fn staleness_is_the_larger_of_what_both_clocks_say() {
    // `as_of` as of now by the wall clock, then how both clocks move on.
    for (name, as_of_s, wall_s, passed_s, staleness_s, blind, stale) in [
        ("just now", 0, 0, 0, 0, false, false),
        ("the last moment of sight", 0, 4, 4, 4, false, false),
        ("blind from the fifth second on", 0, 5, 5, 5, true, false),
        ("the last moment that was chosen", 0, 60, 60, 60, true, false),
        ("stale", 0, 61, 61, 61, true, true),
        ("an old answer that came just now", -70, 0, 0, 70, true, true),
        ("the wall clock was set back", 0, -3600, 61, 61, true, true),
        ("the wall clock stands still", 0, 0, 5, 5, true, false),
        ("the wall clock was set forward", 0, 3600, 1, 3600, true, true),
        ("the issuer is ahead, and silent", 200, 10, 10, 10, true, false),
    ] {
        let clocks = Arc::new(Clocks::default());
        clocks.unix_s.store(NOW_S, Ordering::SeqCst);
        let choice = choice(Revocations::IfOffered, WhenStale::FailClosed);
        let knowledge = Knowledge::new(Arc::new(clocks.clone()), choice, false);
        knowledge.offered(Some("https://issuer.example/revocations"));
        knowledge.adopt(snapshot(1, NOW_S.strict_add_signed(as_of_s), vec![])).unwrap();
        clocks.unix_s.store(NOW_S.strict_add_signed(wall_s), Ordering::SeqCst);
        clocks.monotonic_s.store(passed_s, Ordering::SeqCst);
        let got = knowledge.freshness_now();
        assert_eq!(
            (got.staleness_s, got.blind, got.stale),
            (Some(staleness_s), blind, stale),
            "{name}"
        );
    }
}

#[test]
fn freshness_grows_only_by_what_the_feed_has_shown() {
    let (knowledge, clock) = knowledge();
    let nothing = Freshness { blind: true, stale: true, ..Freshness::default() };
    assert_eq!(knowledge.freshness_now(), nothing, "it was never read");
    knowledge.adopt(snapshot(1, NOW_S, vec![])).unwrap();
    for (name, as_of_s, news, expected_s) in [
        ("the same again", NOW_S, false, NOW_S),
        ("a node that is behind", NOW_S - 9, false, NOW_S),
        ("later", NOW_S + 2, true, NOW_S + 2),
        ("as far ahead as clocks may be", NOW_S + 300, true, NOW_S + 300),
        ("further ahead", NOW_S + 301, false, NOW_S + 300),
        ("nonsense", u64::MAX, false, NOW_S + 300),
        ("nothing", 0, false, NOW_S + 300),
    ] {
        assert_eq!(knowledge.fresh(as_of_s), news, "{name}");
        assert_eq!(knowledge.freshness_now().as_of_s, Some(expected_s), "{name}");
    }
    // Numbers that move prove nothing without an `as_of`.
    clock.advance(std::time::Duration::from_secs(61));
    knowledge.apply(2, token("other", FAR_S));
    assert_eq!(judged(&knowledge), "unavailable");
    assert!(knowledge.fresh(NOW_S + 361));
    assert_eq!(judged(&knowledge), "passes");
}

#[test]
fn entries_kill_as_they_come_and_a_later_one_counts() {
    for (name, entries, expected) in [
        ("nothing", vec![], "passes"),
        ("the credential", vec![credential("c", None)], "its credential"),
        ("another credential", vec![credential("d", None)], "passes"),
        ("its generation", vec![credential("c", Some(&[1, 2]))], "its generation"),
        ("other generations", vec![credential("c", Some(&[1, 3]))], "passes"),
        (
            "paused and resumed, minted before",
            vec![credential("c", None), credential("c", Some(&[2]))],
            "its generation",
        ),
        (
            "paused and resumed, minted after",
            vec![credential("c", None), credential("c", Some(&[1]))],
            "passes",
        ),
        (
            "resumed, then revoked",
            vec![credential("c", Some(&[1])), credential("c", None)],
            "its credential",
        ),
        ("the token", vec![token("t", FAR_S)], "the token itself"),
        ("a jti that is a client's name", vec![token("c", FAR_S)], "passes"),
        ("the last second of an entry", vec![token("t", NOW_S + 1)], "the token itself"),
        ("an entry past its time", vec![token("t", NOW_S)], "passes"),
        ("sent again, longer", vec![token("t", NOW_S), token("t", FAR_S)], "the token itself"),
        ("sent again, shorter", vec![token("t", FAR_S), token("t", NOW_S)], "passes"),
        ("the key", vec![key("k")], "its signing key"),
        ("another key", vec![key("K")], "passes"),
        ("the organization", vec![organization("o", None)], "its organization"),
        ("minted before", vec![organization("o", Some(NOW_S - 99))], "its organization"),
        ("minted just then", vec![organization("o", Some(NOW_S - 100))], "passes"),
        (
            "an organization that may work again",
            vec![organization("o", None), organization("o", Some(NOW_S - 200))],
            "passes",
        ),
    ] {
        // One by one, in one snapshot, and after a restart from what was saved.
        let (streamed, _) = knowledge();
        streamed.adopt(snapshot(0, NOW_S, vec![])).unwrap();
        for (before, entry) in entries.iter().enumerate() {
            streamed.apply(before as u64 + 1, entry.clone());
        }
        let (whole, _) = knowledge();
        whole.adopt(snapshot(entries.len() as u64, NOW_S, entries)).unwrap();
        let (restarted, _) = knowledge();
        let saved = streamed.to_save().unwrap();
        restarted.adopt(snapshot(saved.seq, saved.as_of, saved.entries)).unwrap();
        for (way, knowledge) in [("streamed", streamed), ("whole", whole), ("restarted", restarted)]
        {
            assert_eq!(judged(&knowledge), expected, "{name}, {way}");
            knowledge.prune();
            assert_eq!(judged(&knowledge), expected, "{name}, {way}, pruned");
        }
    }
}

#[test]
fn an_older_snapshot_is_believed_only_of_a_feed_that_was_set_back() {
    for (name, seq, as_of_s, adopted) in [
        ("newer", 9, NOW_S, true),
        ("the same", 7, NOW_S, true),
        ("older, of a node that is behind", 6, NOW_S - 1, false),
        ("older, and hardly later", 6, NOW_S + 10, false),
        ("set back", 6, NOW_S + 11, true),
        ("set back to nothing", 0, NOW_S + 11, true),
        ("older, of a node whose clock is wrong", 6, NOW_S + 301, false),
        ("newer, of a node whose clock is wrong", 8, NOW_S + 301, true),
    ] {
        let (knowledge, _) = knowledge();
        knowledge.adopt(snapshot(7, NOW_S, vec![credential("c", None)])).unwrap();
        let got = knowledge.adopt(snapshot(seq, as_of_s, vec![]));
        assert_eq!(got.is_ok(), adopted, "{name}");
        let (applied, verdict) = if adopted { (seq, "passes") } else { (7, "its credential") };
        assert_eq!(*knowledge.applied().borrow(), Some(applied), "{name}");
        assert_eq!(judged(&knowledge), verdict, "{name}");
    }
}

#[test]
fn an_entry_that_is_not_understood_ends_freshness_until_a_whole_snapshot_comes() {
    let (knowledge, clock) = knowledge();
    knowledge.adopt(snapshot(1, NOW_S, vec![])).unwrap();
    let blind = || knowledge.freshness_now().blind;

    knowledge.step_over(2);
    assert!(blind(), "at once");
    assert_eq!(*knowledge.applied().borrow(), Some(2));
    assert!(!knowledge.fresh(NOW_S + 2));
    assert!(knowledge.to_save().is_none(), "what is not whole is not saved");
    assert_eq!(judged(&knowledge), "passes", "not yet stale");
    knowledge.apply(3, credential("c", None));
    assert_eq!(judged(&knowledge), "its credential", "the others count");

    knowledge.adopt(half_understood(3, NOW_S + 2, vec![credential("c", None)])).unwrap();
    assert!(blind());
    assert_eq!(knowledge.freshness_now().as_of_s, Some(NOW_S), "it does not renew the count");
    knowledge.adopt(half_understood(4, NOW_S + 2, vec![])).unwrap();
    clock.advance(std::time::Duration::from_secs(MAX_STALENESS_S + 1));
    assert_eq!(judged(&knowledge), "unavailable");

    knowledge.adopt(snapshot(5, NOW_S + 61, vec![])).unwrap();
    assert!(!blind());
    assert_eq!(judged(&knowledge), "passes");
    assert_eq!(knowledge.to_save().map(|saved| saved.seq), Some(5));
}

#[test]
fn a_first_snapshot_that_is_half_understood_starts_the_count() {
    let (knowledge, _) = knowledge();
    knowledge.adopt(half_understood(1, NOW_S, vec![])).unwrap();
    assert!(knowledge.freshness_now().blind);
    assert_eq!(judged(&knowledge), "passes");
}

#[test]
fn a_feed_that_was_there_is_not_given_up() {
    let clock = ManualClock::at(NOW_S);
    let choice = choice(Revocations::IfOffered, WhenStale::FailClosed);
    let knowledge = Knowledge::new(Arc::new(clock), choice, false);
    for (said, expected) in [
        (None, Offer::None),
        (Some("https://issuer.example/a"), Offer::At("https://issuer.example/a".to_owned())),
        (None, Offer::At("https://issuer.example/a".to_owned())),
        (Some("https://issuer.example/b"), Offer::At("https://issuer.example/b".to_owned())),
    ] {
        knowledge.offered(said);
        assert_eq!(*knowledge.offer().borrow(), expected, "{said:?}");
    }
    assert_eq!(judged(&knowledge), "unavailable", "it was found and not read");
}

#[test]
fn what_is_held_and_saved_is_bounded_by_what_is_alive() {
    let (knowledge, clock) = knowledge();
    knowledge.adopt(snapshot(0, NOW_S, vec![])).unwrap();
    let mut seq = 0;
    // Ten identities that die again and again, and many tokens that expire soon.
    for round in 0..1_000 {
        for name in 0..10 {
            seq += 1;
            knowledge.apply(seq, credential(&name.to_string(), Some(&[round])));
        }
        seq += 1;
        knowledge.apply(seq, token(&round.to_string(), NOW_S + 1));
    }
    let saved = knowledge.to_save().unwrap();
    assert_eq!(saved.seq, seq);
    assert!(saved.entries.len() <= 3 * COMPACT_FROM, "{}", saved.entries.len());
    assert_eq!(knowledge.len(), 1_010);
    clock.advance(std::time::Duration::from_secs(1));
    knowledge.prune();
    assert_eq!(knowledge.len(), 10);

    let (unsaved, _) = {
        let clock = ManualClock::at(NOW_S);
        let choice = choice(Revocations::IfOffered, WhenStale::FailClosed);
        (Knowledge::new(Arc::new(clock.clone()), choice, false), clock)
    };
    unsaved.adopt(snapshot(1, NOW_S, vec![credential("c", None)])).unwrap();
    assert!(unsaved.to_save().is_none(), "no log is kept where none is saved");
}

#[test]
fn compacting_keeps_the_last_of_each_identity() {
    let mut log = vec![
        credential("a", None),
        token("a", FAR_S),
        token("expired", NOW_S),
        credential("a", Some(&[1])),
        token("a", NOW_S),
        key("a"),
    ];
    compact(&mut log, NOW_S);
    assert_eq!(log, [credential("a", Some(&[1])), key("a")]);
}

#[tokio::test]
async fn whoever_waits_for_readiness_is_told_of_it() {
    let (knowledge, _) = knowledge();
    let ready = knowledge.ready();
    tokio::pin!(ready);
    let at_once = tokio::time::timeout(std::time::Duration::ZERO, &mut ready).await;
    assert!(at_once.is_err());
    knowledge.adopt(snapshot(1, NOW_S, vec![])).unwrap();
    ready.await;
}

#[test]
fn what_killed_a_token_is_said_most_general_first() {
    let (knowledge, _) = knowledge();
    let all = vec![key("k"), organization("o", None), token("t", FAR_S), credential("c", None)];
    knowledge.adopt(snapshot(4, NOW_S, all)).unwrap();
    let judged = knowledge.judge(&presented(), NOW_S);
    assert_eq!(judged, Err(Rejection::Revoked(Death::Credential)));
}
