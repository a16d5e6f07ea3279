//! Where a reader stands in the stream, and what an event means there. It does no I/O and has no
//! clock; it must never step over a number, and never take an event for more than it says.

use hallpass_token::feed::{BadEntry, Entry, Event, Unreadable};

/// The place in the sequence up to which everything is applied.
#[derive(Debug)]
pub(crate) struct Place {
    applied: u64,
    /// The first heartbeat of a connection may be ahead of the events that were missed before.
    greeted: bool,
}

/// What is to be done about an event.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Known already.
    Skip,
    /// The next one in the sequence, which the place has already moved over.
    Apply(Entry),
    /// The next one in the sequence, but nobody knows what it kills.
    NotUnderstood(BadEntry),
    /// Everything up to this time, in Unix seconds, is known.
    Fresh(u64),
    /// Events are missing: join the stream again, where it was left.
    Gap,
    /// The stream cannot go on from here: fetch the snapshot.
    StartOver,
    /// Something was lost; what it was shows when the stream is joined again.
    Unreadable(Unreadable),
}

impl Place {
    /// Everything up to `applied` is applied.
    pub(crate) fn at(applied: u64) -> Self {
        Self { applied, greeted: false }
    }

    /// The last number applied.
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    /// A stream after [`applied`](Self::applied) has begun.
    pub(crate) fn connected(&mut self) {
        self.greeted = false;
    }

    /// Reads one event.
    pub(crate) fn read(&mut self, event: Result<Event, Unreadable>) -> Step {
        match event {
            Ok(Event::Revocation { seq, entry }) => self.next(seq, Step::Apply(entry)),
            Err(Unreadable::Entry { seq, bad }) => self.next(seq, Step::NotUnderstood(bad)),
            Err(unreadable) => Step::Unreadable(unreadable),
            Ok(Event::Heartbeat { seq, as_of }) => {
                let greeted = std::mem::replace(&mut self.greeted, true);
                match seq.cmp(&self.applied) {
                    std::cmp::Ordering::Equal => Step::Fresh(as_of),
                    std::cmp::Ordering::Greater if greeted => Step::Gap,
                    std::cmp::Ordering::Greater => Step::Skip,
                    // The issuer has gone back, or another node of it is behind.
                    std::cmp::Ordering::Less => Step::StartOver,
                }
            }
            Ok(Event::Reset { .. }) => Step::StartOver,
        }
    }

    fn next(&mut self, seq: u64, step: Step) -> Step {
        if seq <= self.applied {
            return Step::Skip;
        }
        if seq - self.applied > 1 {
            return Step::Gap;
        }
        self.applied = seq;
        step
    }
}

#[cfg(test)]
mod tests {
    use hallpass_token::{feed::Subject, revocation::Handle};

    use super::*;

    fn entry(seq: u64) -> Entry {
        Entry { subject: Subject::Token { handle: Handle::of(&seq.to_string()) }, until_s: 9 }
    }

    fn died(seq: u64) -> Result<Event, Unreadable> {
        Ok(Event::Revocation { seq, entry: entry(seq) })
    }

    fn beat(seq: u64) -> Result<Event, Unreadable> {
        Ok(Event::Heartbeat { seq, as_of: 100 + seq })
    }

    #[test]
    fn every_number_is_applied_once_and_in_order() {
        let bad = BadEntry::UnknownSubject;
        for (name, events, steps, applied) in [
            (
                "in order",
                vec![died(6), died(7)],
                vec![Step::Apply(entry(6)), Step::Apply(entry(7))],
                7,
            ),
            (
                "duplicates",
                vec![died(5), died(6), died(6)],
                vec![Step::Skip, Step::Apply(entry(6)), Step::Skip],
                6,
            ),
            ("a gap", vec![died(7)], vec![Step::Gap], 5),
            ("out of order", vec![died(7), died(6)], vec![Step::Gap, Step::Apply(entry(6))], 6),
            ("a heartbeat in place", vec![beat(5)], vec![Step::Fresh(105)], 5),
            (
                "greeting, then what was missed",
                vec![beat(6), died(6), beat(6)],
                vec![Step::Skip, Step::Apply(entry(6)), Step::Fresh(106)],
                6,
            ),
            (
                "an event that never came",
                vec![beat(5), beat(6)],
                vec![Step::Fresh(105), Step::Gap],
                5,
            ),
            (
                "a greeting without what was missed",
                vec![beat(6), beat(6)],
                vec![Step::Skip, Step::Gap],
                5,
            ),
            ("a node that is behind", vec![beat(4)], vec![Step::StartOver], 5),
            ("a reset", vec![Ok(Event::Reset { seq: 9 })], vec![Step::StartOver], 5),
            (
                "of a later version",
                vec![Err(Unreadable::Entry { seq: 6, bad })],
                vec![Step::NotUnderstood(bad)],
                6,
            ),
            (
                "of a later version, with a gap",
                vec![Err(Unreadable::Entry { seq: 7, bad })],
                vec![Step::Gap],
                5,
            ),
            (
                "garbage",
                vec![Err(Unreadable::TooLong)],
                vec![Step::Unreadable(Unreadable::TooLong)],
                5,
            ),
            ("the largest number", vec![died(u64::MAX)], vec![Step::Gap], 5),
        ] {
            let mut place = Place::at(5);
            place.connected();
            let got: Vec<_> = events.into_iter().map(|event| place.read(event)).collect();
            assert_eq!((got, place.applied()), (steps, applied), "{name}");
        }
    }
}
