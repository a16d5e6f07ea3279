//! What was found: a line for each thing that the specification demands.

use std::fmt;

/// How a demand fared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is met.
    Met,
    /// It is not, for this reason.
    Broken(String),
    /// It could not be looked at, for this reason.
    NotSeen(String),
}

/// A demand, and how it fared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// What the specification demands.
    pub what: &'static str,
    /// How that fared.
    pub verdict: Verdict,
}

/// Every demand that was looked at, in order.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One for each.
    pub lines: Vec<Line>,
}

impl Report {
    /// Takes down how a demand fared, and hands on what was seen.
    pub(crate) fn note<T>(&mut self, what: &'static str, seen: Result<T, String>) -> Option<T> {
        let (verdict, seen) = match seen {
            Ok(seen) => (Verdict::Met, Some(seen)),
            Err(why) => (Verdict::Broken(why), None),
        };
        self.lines.push(Line { what, verdict });
        seen
    }

    /// Takes down that a demand was not looked at.
    pub(crate) fn skip(&mut self, what: &'static str, why: &str) {
        self.lines.push(Line { what, verdict: Verdict::NotSeen(why.to_owned()) });
    }

    /// The demands that are not met.
    pub fn broken(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| matches!(line.verdict, Verdict::Broken(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { what, verdict } in &self.lines {
            match verdict {
                Verdict::Met => writeln!(f, "ok        {what}")?,
                Verdict::Broken(why) => writeln!(f, "BROKEN    {what}: {why}")?,
                Verdict::NotSeen(why) => writeln!(f, "not seen  {what}: {why}")?,
            }
        }
        let (all, broken) = (self.lines.len(), self.broken().count());
        write!(f, "{all} demands looked at, {broken} broken")
    }
}
