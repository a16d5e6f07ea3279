//! The table: one row per claim, with what was measured, what it is measured against, and whether
//! the target was met. It must never turn a number into another one, only round it for reading.

use std::fmt::Write as _;

use crate::machine::Machine;

/// How a row ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The target was met.
    Ok,
    /// It was not.
    Missed,
    /// There is no number, for this reason.
    NotMeasured(String),
}

/// One claim.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    measured: String,
    against: String,
    ratio: Option<f64>,
    target: String,
    verdict: Verdict,
}

/// Which side of a target is the good one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Good {
    /// The number shall be at least this.
    AtLeast,
    /// The number shall be at most this.
    AtMost,
}

impl Good {
    fn judge(self, got: f64, target: f64) -> Verdict {
        let met = match self {
            Self::AtLeast => got >= target,
            Self::AtMost => got <= target,
        };
        if met { Verdict::Ok } else { Verdict::Missed }
    }

    fn sign(self) -> char {
        match self {
            Self::AtLeast => '≥',
            Self::AtMost => '≤',
        }
    }
}

impl Row {
    /// A number that is judged by its ratio to a reference of the same run.
    pub(crate) fn ratio(
        what: impl Into<String>,
        sides: (String, String),
        ratio: f64,
        target: (Good, f64),
    ) -> Self {
        let ((measured, against), (good, limit)) = (sides, target);
        Self {
            what: what.into(),
            measured,
            against,
            ratio: Some(ratio),
            target: format!("{} {limit}", good.sign()),
            verdict: good.judge(ratio, limit),
        }
    }

    /// A number with a unit that shall stay at or under a fixed limit. The ratio is the part of
    /// the limit that it takes.
    pub(crate) fn at_most(what: impl Into<String>, got: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: with_unit(got, unit),
            against: String::new(),
            ratio: (limit > 0.0).then_some(got / limit),
            target: format!("≤ {}", with_unit(limit, unit)),
            verdict: Good::AtMost.judge(got, limit),
        }
    }

    /// A number with a unit that shall reach a fixed limit. The ratio is to that limit.
    pub(crate) fn at_least(what: impl Into<String>, got: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: with_unit(got, unit),
            against: String::new(),
            ratio: (limit > 0.0).then_some(got / limit),
            target: format!("≥ {}", with_unit(limit, unit)),
            verdict: Good::AtLeast.judge(got, limit),
        }
    }

    /// A row without a number.
    pub(crate) fn not_measured(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            measured: "–".to_owned(),
            against: String::new(),
            ratio: None,
            target: String::new(),
            verdict: Verdict::NotMeasured(why.into()),
        }
    }

    /// Adds how the number came about, or what stood beside it.
    pub(crate) fn noting(mut self, note: &str) -> Self {
        if !self.against.is_empty() {
            self.against.push_str("; ");
        }
        self.against.push_str(note);
        self
    }
}

/// The whole page: where the numbers come from, then the numbers.
pub(crate) fn page(machine: &Machine, quick: bool, rows: &[Row]) -> String {
    let mut page = machine.origin();
    if quick {
        page.push_str("- **quick run: too short for numbers to rely on**\n");
    }
    page.push_str("\n| what | measured | against | ratio | target | |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for row in rows {
        let ratio = row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let verdict = match &row.verdict {
            Verdict::Ok => "ok".to_owned(),
            Verdict::Missed => "**missed**".to_owned(),
            Verdict::NotMeasured(why) => format!("not measured: {why}"),
        };
        let Row { what, measured, against, target, .. } = row;
        // Writing into memory does not fail.
        let _ =
            writeln!(page, "| {what} | {measured} | {against} | {ratio} | {target} | {verdict} |");
    }
    page
}

/// A number as people read it: three digits that matter, thousands set apart.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its unit.
pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    let text = if value == 0.0 { "0".to_owned() } else { number(value) };
    format!("{text} {unit}").trim_end().to_owned()
}

/// The middle one; of an even number, the mean of the two in the middle. Zero of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.get(half) {
        None => 0.0,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => (sorted[half - 1] + upper) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_reading() {
        for (value, text) in [
            (0.0, "0.0"),
            (0.954, "0.95"),
            (9.87, "9.87"),
            (12.34, "12.3"),
            (999.6, "1,000"),
            (21_345.2, "21,345"),
            (1_000_000.0, "1,000,000"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
        assert_eq!(with_unit(0.0, "statements"), "0 statements");
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        for (values, middle) in
            [(&[][..], 0.0), (&[3.0], 3.0), (&[5.0, 1.0, 3.0], 3.0), (&[4.0, 1.0, 2.0, 9.0], 3.0)]
        {
            assert_eq!(median(values.iter().copied()), middle, "{values:?}");
        }
    }

    #[test]
    fn a_target_is_met_or_missed() {
        for (good, ratio, target, verdict) in [
            (Good::AtLeast, 0.85, 0.85, Verdict::Ok),
            (Good::AtLeast, 0.84, 0.85, Verdict::Missed),
            (Good::AtMost, 1.2, 1.2, Verdict::Ok),
            (Good::AtMost, 1.21, 1.2, Verdict::Missed),
        ] {
            let row = Row::ratio("x", (String::new(), String::new()), ratio, (good, target));
            assert_eq!(row.verdict, verdict, "{good:?} {ratio} {target}");
        }
    }
}
