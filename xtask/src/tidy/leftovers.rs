//! Rule: no notes to self and no banners in sources. It reads programs of any language, and must
//! never read prose.

use super::Finding;
use super::tree::Tree;

/// Written apart, so that this file does not find itself.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// What opens a comment in the languages below, longest first.
const COMMENTS: [&str; 8] = ["<!--", "///", "//!", "//", "/*", "--", "#", "*"];

const SOURCES: [&str; 16] = [
    ".rs", ".toml", ".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".java", ".php", ".sh", ".sql",
    ".html", ".css", ".yml", ".yaml",
];

/// How often a character stands in a row before it is a banner.
const BANNER: usize = 4;

/// Finds notes to self, and comments that only mark territory.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    tree.texts().filter(|(path, _)| is_source(path)).flat_map(|(p, t)| leftovers(p, t)).collect()
}

fn is_source(path: &str) -> bool {
    SOURCES.iter().any(|end| path.ends_with(end)) || path.starts_with(".ci/")
}

fn leftovers(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(note) = note(line) {
            let problem = format!("`{note}` in a source");
            findings.push(Finding::new(path, index + 1, problem, "do it, or open an issue"));
        }
        if is_banner(line) {
            let remedy = "split the file by subject instead of marking territory";
            findings.push(Finding::new(path, index + 1, "a banner comment", remedy));
        }
    }
    findings
}

fn note(line: &str) -> Option<&'static str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    NOTES.into_iter().find(|note| line.split(|c| !is_part(c)).any(|word| word == *note))
}

/// A comment that opens with a row of one character.
fn is_banner(line: &str) -> bool {
    let line = line.trim();
    let Some(lead) = COMMENTS.iter().find(|lead| line.starts_with(**lead)) else {
        return false;
    };
    let body = line[lead.len()..].trim_start();
    let Some(first) = body.chars().next() else {
        return false;
    };
    let drawn = "=-*~/─━═".contains(first) || (first == '#' && *lead == "#");
    drawn && body.chars().take_while(|c| *c == first).count() >= BANNER
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    fn is_clean(path: &str, line: &str) -> bool {
        places(rule, &[(path, line)]).is_empty()
    }

    #[test]
    fn notes_to_self_are_found_in_sources_only() {
        for note in NOTES {
            assert!(!is_clean("a.rs", &format!("// {note}: later")), "{note}");
            assert!(!is_clean(".ci/run", &format!("# {note}")), "{note}");
            assert!(is_clean("a.rs", &format!("let s = \"{note}Y_{note}\";")), "{note}");
            assert!(is_clean("a.md", note), "{note}");
        }
        assert!(is_clean("a.rs", "// a to-do list"));
    }

    #[test]
    fn banners_are_found_in_any_language() {
        for (path, lead, character, wrong) in [
            ("a.rs", "// ", "=", true),
            ("a.rs", "    //", "-", true),
            ("a.rs", "//", "/", true),
            ("a.py", "# ", "=", true),
            ("a.py", "", "#", true),
            ("a.css", "/* ", "=", true),
            ("a.sql", "", "-", true),
            ("a.rs", "let line = ", "=", false),
            ("a.rs", "/// |", "-", false),
            ("a.rs", "//! ", "#", false),
        ] {
            let line = format!("{lead}{} rules", character.repeat(6));
            assert_eq!(!is_clean(path, &line), wrong, "{line}");
        }
        assert!(is_clean("a.sh", "#!/bin/sh"));
        assert!(is_clean("a.rs", "//"));
    }
}
