//! The life of a ring's keys, drawn over time: published, signing, retired. Whole numbers here,
//! SVG in the template, and the same dates in the table beside it.

use hallpass_core::{Timestamp, ring::Span};

/// How wide the drawing is, in its own units.
pub(super) const WIDTH: u64 = 1000;

/// How high one key's line is.
pub(super) const LINE: u64 = 28;

/// The drawing.
#[derive(Debug)]
pub(super) struct Timeline {
    /// One for each key, oldest first.
    pub lines: Vec<Line>,
    /// Where now is.
    pub now_x: u64,
    /// Everything, in words.
    pub says: String,
}

/// One key.
#[derive(Debug)]
pub(super) struct Line {
    /// The first characters of its kid.
    pub name: String,
    /// Its upper edge.
    pub y: u64,
    /// What it was, is and will be.
    pub parts: Vec<Part>,
}

/// A part of a key's life.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Part {
    /// `published`, `signing`, `retired` or `killed`.
    pub is: &'static str,
    /// Its left edge.
    pub x: u64,
    /// How long it is.
    pub width: u64,
}

impl Timeline {
    pub(super) fn of(spans: &[Span<'_>], now: Timestamp) -> Self {
        let from = spans.iter().map(|span| span.key.published_at).min().unwrap_or(now).min(now);
        let ends = spans.iter().filter_map(|span| span.gone_at.or(span.signs_until));
        // What has no end yet goes on to the right edge, which is beyond now.
        let least = now.plus_secs(now.millis_since(from) / 4000 + 3600);
        let to = ends.max().unwrap_or(least).max(least);
        let scale = Scale { from, whole: to.millis_since(from).max(1) };
        let lines = spans.iter().zip(0..).map(|(span, at)| Line {
            name: span.key.kid.chars().take(8).collect(),
            y: at * LINE,
            parts: parts(span, &scale, to),
        });
        let says: Vec<_> = spans
            .iter()
            .map(|span| format!("{} is {}", &span.key.kid, span.status.word()))
            .collect();
        Self { lines: lines.collect(), now_x: scale.x(now), says: says.join("; ") }
    }

    /// How high the drawing is.
    pub(super) fn height(&self) -> u64 {
        (self.lines.len() as u64).max(1) * LINE
    }
}

struct Scale {
    from: Timestamp,
    whole: u64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> u64 {
        let into = u128::from(at.millis_since(self.from).min(self.whole));
        u64::try_from(into * u128::from(WIDTH) / u128::from(self.whole)).unwrap_or(WIDTH)
    }
}

fn parts(span: &Span<'_>, scale: &Scale, to: Timestamp) -> Vec<Part> {
    let key = span.key;
    let end = key.killed_at.unwrap_or(to);
    let signs_until = span.signs_until.unwrap_or(end).min(end);
    let gone = span.gone_at.unwrap_or(end).min(end);
    let mut parts = Vec::new();
    for (is, from, until) in [
        ("published", key.published_at, key.signs_from.min(end)),
        ("signing", key.signs_from, signs_until),
        ("retired", signs_until, gone),
    ] {
        if until > from {
            let x = scale.x(from);
            // What lasted seconds can be seen beside what lasts months.
            parts.push(Part { is, x, width: (scale.x(until) - x).max(3) });
        }
    }
    if let Some(at) = key.killed_at {
        parts.push(Part { is: "killed", x: scale.x(at), width: 4 });
    }
    parts
}

#[cfg(test)]
mod tests;
