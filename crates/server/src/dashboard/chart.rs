//! Numbers drawn as bars. The drawing is arithmetic on whole numbers here, and SVG in `ui.html`;
//! the same numbers always stand beside it as words or as a table.

use std::fmt::Write as _;

/// A small row of bars, such as the uses of the last fourteen days.
#[derive(Clone, Debug)]
pub struct Spark {
    values: Vec<u64>,
    what: String,
}

impl Spark {
    /// `what` names the numbers: `tokens in the last 14 days`.
    pub fn new(values: Vec<u64>, what: impl Into<String>) -> Self {
        Self { values, what: what.into() }
    }

    /// For a screen reader.
    pub fn label(&self) -> String {
        format!("{} {}", self.values.iter().sum::<u64>(), self.what)
    }

    /// How wide the drawing is, in its own units.
    pub fn width(&self) -> usize {
        self.values.len() * 8
    }

    /// The bars, as one path in a box 24 units high.
    pub fn path(&self) -> String {
        let top = self.values.iter().copied().max().unwrap_or(0).max(1);
        let mut path = String::new();
        for (at, &value) in self.values.iter().enumerate().filter(|(_, value)| **value > 0) {
            // A bar that is there at all can be seen.
            let height = scaled(value, top, 24).max(2);
            let _ = write!(path, "M{} 24v-{height}h6v{height}z", at * 8 + 1);
        }
        path
    }
}

/// Bars over time, each of one or more parts.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What is shown.
    pub title: String,
    /// What a column is: `Hour` or `Day`.
    pub unit: String,
    /// The names of the parts, at most five.
    pub series: Vec<String>,
    /// The bars, oldest first.
    pub columns: Vec<Column>,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its hour or day.
    pub name: String,
    /// One number for each series.
    pub values: Vec<u64>,
}

/// One bar as it is drawn.
#[derive(Debug)]
pub struct Drawn {
    /// Its numbers, in words.
    pub says: String,
    /// Its left edge.
    pub x: usize,
    /// Its parts, the lowest first.
    pub parts: Vec<Part>,
}

/// A part of a bar.
#[derive(Debug, Eq, PartialEq)]
pub struct Part {
    /// The number of its series, from 1.
    pub series: usize,
    /// Its upper edge.
    pub y: u64,
    /// How high it is.
    pub height: u64,
}

impl Bars {
    /// How wide the drawing is, in its own units; it is 100 high.
    pub fn width(&self) -> usize {
        self.columns.len() * 10
    }

    /// The number at the upper edge: round, and not below the highest bar.
    pub fn top(&self) -> u64 {
        let highest = self.columns.iter().map(Column::total).max().unwrap_or(0);
        round_up(highest)
    }

    /// For a screen reader.
    pub fn summary(&self) -> String {
        let total: u64 = self.columns.iter().map(Column::total).sum();
        format!(
            "{}: {total} in all; the table below has each {}",
            self.title,
            self.unit.to_lowercase()
        )
    }

    /// The names of the first and the last column.
    pub fn ends(&self) -> Option<(&str, &str)> {
        Some((&self.columns.first()?.name, &self.columns.last()?.name))
    }

    /// Where everything goes.
    pub fn drawn(&self) -> Vec<Drawn> {
        let top = self.top();
        let draw = |(at, column): (usize, &Column)| {
            let mut below = 0;
            let mut parts = Vec::new();
            for (index, &value) in column.values.iter().enumerate().filter(|(_, v)| **v > 0) {
                let from = scaled(below, top, 100);
                below += value;
                let height = scaled(below, top, 100).saturating_sub(from).max(1);
                parts.push(Part { series: index + 1, y: 100 - (from + height).min(100), height });
            }
            Drawn { says: self.says(column), x: at * 10, parts }
        };
        self.columns.iter().enumerate().map(draw).collect()
    }

    fn says(&self, column: &Column) -> String {
        let mut says = format!("{}: {}", column.name, column.total());
        if self.series.len() > 1 {
            for (name, value) in self.series.iter().zip(&column.values).filter(|(_, v)| **v > 0) {
                let _ = write!(says, "\n{name} {value}");
            }
        }
        says
    }
}

impl Column {
    fn total(&self) -> u64 {
        self.values.iter().sum()
    }
}

/// `value` of `top`, on a scale to `height`.
fn scaled(value: u64, top: u64, height: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(height) / u128::from(top.max(1));
    u64::try_from(scaled).unwrap_or(height)
}

/// The next number of the form 1, 2, 4 or 5 with noughts.
fn round_up(value: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for step in [1, 2, 4, 5] {
            match power.checked_mul(step) {
                Some(round) if round >= value => return round,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (highest, top) in
            [(0, 1), (1, 1), (3, 4), (41, 50), (51, 100), (1001, 2000), (u64::MAX, u64::MAX)]
        {
            assert_eq!(round_up(highest), top, "{highest}");
        }
    }

    #[test]
    fn parts_stand_on_each_other_and_fill_the_bar() {
        let column = |values: &[u64]| Column { name: "Mon".to_owned(), values: values.to_vec() };
        let bars = Bars {
            title: "Tokens".to_owned(),
            unit: "Day".to_owned(),
            series: vec!["issued".to_owned(), "refused".to_owned()],
            columns: vec![column(&[50, 50]), column(&[0, 0]), column(&[100, 0])],
        };
        let drawn = bars.drawn();
        let part = |series, y, height| Part { series, y, height };
        assert_eq!(drawn[0].parts, [part(1, 50, 50), part(2, 0, 50)]);
        assert_eq!(drawn[0].says, "Mon: 100\nissued 50\nrefused 50");
        assert_eq!(drawn[1].parts, []);
        assert_eq!(drawn[2].parts, [part(1, 0, 100)]);
        assert_eq!(bars.summary(), "Tokens: 200 in all; the table below has each day");
    }

    #[test]
    fn a_single_use_can_be_seen_beside_a_million() {
        let spark = Spark::new(vec![1, 0, 1_000_000], "tokens");
        assert_eq!(spark.path(), "M1 24v-2h6v2zM17 24v-24h6v24z");
        assert_eq!(spark.label(), "1000001 tokens");
    }
}
