//! Rule: every clause in the table of standards is shown by a test that exists, or says why by
//! none. It must never judge whether the test shows what the row claims: that is for readers.

use super::Finding;
use super::markdown::prose;
use super::tree::Tree;

/// The page with the tables.
const PAGE: &str = "docs/standards.md";

/// How the last cell of a row begins that no test shows; the reason follows.
const REASONS: [&str; 2] = ["not applicable: ", "not done: "];

/// Finds rows without a test that exists and without a reason, and standards without a row.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.text(PAGE) else { return Vec::new() };
    let mut findings = Vec::new();
    let mut find = |line, problem: String, remedy| {
        findings.push(Finding::new(PAGE, line, problem, remedy));
    };
    // The heading above, and how many rows have come since.
    let mut standard: Option<(usize, &str, usize)> = None;
    let lines: Vec<_> = prose(page).collect();
    for (at, (line, text)) in lines.iter().enumerate() {
        if let Some(heading) = text.strip_prefix("## ") {
            if let Some((line, name, 0)) = standard.replace((*line, heading, 0)) {
                find(line, format!("{name} has no row"), "add its clauses");
            }
        } else if text.starts_with('|') && !is_head(text, lines.get(at + 1)) {
            if let Some((.., rows)) = &mut standard {
                *rows += 1;
            }
            for problem in problems(tree, text) {
                find(*line, problem, "name the test that shows it, or the reason");
            }
        }
    }
    if let Some((line, name, 0)) = standard {
        find(line, format!("{name} has no row"), "add its clauses");
    }
    findings
}

/// Whether a line is the head of a table, or the rule below it.
fn is_head(line: &str, next: Option<&(usize, &str)>) -> bool {
    let is_rule = |line: &str| line.starts_with('|') && line.chars().all(|c| "|-: ".contains(c));
    is_rule(line) || next.is_some_and(|(_, next)| is_rule(next))
}

/// What is wrong with a row: `| clause | what is done | tests or reason |`.
fn problems(tree: &Tree, row: &str) -> Vec<String> {
    let cells: Vec<_> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [clause, done, shown] = cells[..] else {
        return vec![format!("a row has 3 cells, not {}", cells.len())];
    };
    if clause.is_empty() || done.is_empty() {
        return vec!["an empty cell".to_owned()];
    }
    let mut tests = tests(shown).peekable();
    if tests.peek().is_none() {
        let reason = REASONS.iter().find_map(|word| shown.strip_prefix(word));
        let given = reason.is_some_and(|reason| !reason.trim().is_empty());
        let missing = format!("clause {clause} has neither a test nor a reason");
        return if given { Vec::new() } else { vec![missing] };
    }
    let lost = |(name, path): (&str, &str)| {
        let file = path.strip_prefix("../").and_then(|path| tree.text(path));
        let is_there = file.is_some_and(|file| has_test(file, name));
        (!is_there).then(|| format!("there is no test `{name}` in {path}"))
    };
    tests.filter_map(lost).collect()
}

/// The tests that a cell links to, `[name](../its/file.rs)`, each with its file.
fn tests(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split('[').skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("](")?;
        let (path, _) = rest.split_once(')')?;
        path.ends_with(".rs").then_some((name, path))
    })
}

/// Whether a file has a test of this name: a function under an attribute such as `#[test]` or
/// `#[tokio::test(..)]`.
fn has_test(file: &str, name: &str) -> bool {
    let lines: Vec<_> = file.lines().map(str::trim).collect();
    let is_function = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    (0..lines.len()).filter(|at| is_function(lines[*at])).any(|at| {
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        above.into_iter().any(|line| line.contains("test]") || line.contains("test("))
    })
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    const FILE: &str = "#[test]\nfn it_holds() {}\n\n#[tokio::test]\n#[ignore]\nasync fn it_waits() \
                        {}\n\nfn it_helps() {}\n";

    fn page(row: &str) -> String {
        format!("# Standards\n\n## RFC 1\n\n| clause | what | shown by |\n|---|---|---|\n{row}\n")
    }

    #[test]
    fn every_row_has_a_test_that_exists_or_a_reason() {
        for (row, wrong) in [
            ("| §1 | done | [it_holds](../crates/a/src/b.rs) |", false),
            ("| §1 | done | [it_waits](../crates/a/src/b.rs) |", false),
            (
                "| §1 | done | [it_holds](../crates/a/src/b.rs), [it_waits](../crates/a/src/b.rs) |",
                false,
            ),
            ("| §1 | nothing | not applicable: there are no codes |", false),
            ("| §1 | nothing | not done: a later version |", false),
            ("| §1 | done | [it_help](../crates/a/src/b.rs) |", true),
            ("| §1 | done | [it_helps](../crates/a/src/b.rs) |", true), // No test.
            ("| §1 | done | [it_holds](../crates/a/src/gone.rs) |", true),
            ("| §1 | done | [it_holds](crates/a/src/b.rs) |", true),
            (
                "| §1 | done | [it_holds](../crates/a/src/b.rs), [gone](../crates/a/src/b.rs) |",
                true,
            ),
            ("| §1 | done | it_holds |", true),
            ("| §1 | done |  |", true),
            ("| §1 | nothing | not applicable:  |", true),
            ("| §1 | nothing | not done |", true),
            ("| §1 |  | [it_holds](../crates/a/src/b.rs) |", true),
            ("| §1 | done |", true),
            ("| §1 | a \\| b | c | not done: x |", true),
        ] {
            let files = [(PAGE, &*page(row)), ("crates/a/src/b.rs", FILE)];
            let wanted: &[&str] = if wrong { &["docs/standards.md:7"] } else { &[] };
            assert_eq!(places(rule, &files), wanted, "{row}");
        }
    }

    #[test]
    fn every_standard_has_rows() {
        let row = "| §1 | done | not done: x |";
        let page = format!("{}\n## RFC 2\n\nText.\n\n## RFC 3\n", page(row));
        assert_eq!(places(rule, &[(PAGE, &page)]), ["docs/standards.md:9", "docs/standards.md:13"]);
    }
}
