//! How answers look: sentences and tables for people, JSON for scripts.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

/// Prints in the way that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints `value` for scripts, or else `text` for people.
    pub(crate) fn print(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        let text = if self.json {
            serde_json::to_string_pretty(value)
                .unwrap_or_else(|why| json!({ "error": why.to_string() }).to_string())
        } else {
            text()
        };
        // Whoever reads may have seen enough (`| head -1`): no reason to fail.
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    }

    /// Says why a command failed.
    pub(crate) fn error(self, why: &anyhow::Error) {
        if self.json {
            eprintln!("{}", json!({ "error": format!("{why:#}") }));
        } else {
            eprintln!("hallpass: {why:#}");
        }
    }
}

/// A table with aligned columns. Control characters cannot get here: names refuse them.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "(none)".to_owned();
    }
    let head: Vec<String> = head.iter().map(|cell| cell.to_uppercase()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &&Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), String::new()]];
        assert_eq!(table(&["x", "y"], &rows), "X    Y\na    bb\nccc");
        assert_eq!(table(&["x"], &[]), "(none)");
    }
}
