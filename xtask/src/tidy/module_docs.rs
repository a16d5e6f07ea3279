//! Rule: every Rust file opens with its `//!` paragraph. It must never judge what the paragraph
//! says.

use super::Finding;
use super::tree::Tree;

/// Finds files whose first line is anything else.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let bare = tree.texts_ending(".rs").filter(|(_, text)| !is_documented(text));
    let problem = "the file does not open with `//!`";
    let remedy = "say in one paragraph what it is for and what it must never do";
    bare.map(|(path, _)| Finding::new(path, 1, problem, remedy)).collect()
}

fn is_documented(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.and_then(|line| line.strip_prefix("//!")).is_some_and(|doc| !doc.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn every_file_says_what_it_is_for() {
        for (path, text, wrong) in [
            ("a.rs", "//! Reads.\nuse std::fmt;\n", None),
            ("a.rs", "\n//! Reads.\n", None),
            ("a.rs", "use std::fmt;\n//! Reads.\n", Some("a.rs:1")),
            ("a.rs", "//!\n", Some("a.rs:1")),
            ("a.rs", "// Reads.\n", Some("a.rs:1")),
            ("a.rs", "", Some("a.rs:1")),
            ("a.py", "import os\n", None),
        ] {
            let wanted: Vec<_> = wrong.into_iter().collect();
            assert_eq!(places(rule, &[(path, text)]), wanted, "{text}");
        }
    }
}
