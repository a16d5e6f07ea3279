//! Rule: a path that a page names in backticks exists. It must never follow placeholders such as
//! `docs/<page>.md`.

use super::Finding;
use super::markdown::{pages, prose, spans};
use super::tree::Tree;

/// A word in backticks that starts so is meant as a path.
const ROOTS: [&str; 9] = [
    "crates/",
    "docs/",
    "examples/",
    "interop/",
    "fuzz/",
    "bench/",
    "packaging/",
    "xtask/",
    ".ci/",
];

/// Finds paths that lead nowhere.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (page, text) in pages(tree) {
        for (line, content) in prose(text) {
            for path in spans(content).0.into_iter().filter_map(path) {
                if !expand(path).iter().all(|path| exists(tree, path)) {
                    let problem = format!("`{path}` does not exist");
                    let remedy = "name the file that took its place";
                    findings.push(Finding::new(page, line, problem, remedy));
                }
            }
        }
    }
    findings
}

/// The path that a code span opens with, without line number and anchor.
fn path(span: &str) -> Option<&str> {
    let word = span.split_whitespace().next()?;
    let word = word.split(['#', ':']).next()?.trim_end_matches([',', ';', ')', '.', '/']);
    let is_path = ROOTS.iter().any(|root| format!("{word}/").starts_with(root));
    (is_path && !word.contains(['<', '$', '…'])).then_some(word)
}

/// `a/{b,c}` is `a/b` and `a/c`.
fn expand(path: &str) -> Vec<String> {
    let braces = path.split_once('{').and_then(|(before, rest)| {
        let (choices, after) = rest.split_once('}')?;
        Some((before, choices, after))
    });
    let Some((before, choices, after)) = braces else {
        return vec![path.to_owned()];
    };
    choices.split(',').flat_map(|c| expand(&format!("{before}{c}{after}"))).collect()
}

fn exists(tree: &Tree, path: &str) -> bool {
    if path.contains('*') {
        return tree.files().any(|(file, _)| matches(path, file));
    }
    tree.contains(path)
}

/// `*` stands for anything within one name, `**` for any number of folders.
fn matches(pattern: &str, file: &str) -> bool {
    let (pattern_head, pattern_tail) = pattern.split_once('/').unwrap_or((pattern, ""));
    let (file_head, file_tail) = file.split_once('/').unwrap_or((file, ""));
    if pattern.is_empty() {
        return true; // A pattern may name a folder; the file is inside.
    }
    if pattern_head == "**" {
        return matches(pattern_tail, file)
            || (!file_tail.is_empty() && matches(pattern, file_tail));
    }
    !file.is_empty() && name_matches(pattern_head, file_head) && matches(pattern_tail, file_tail)
}

fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| name_matches(after, rest))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn paths_in_backticks_lead_somewhere() {
        for (line, wrong) in [
            ("`crates/core/src/secret.rs`", false),
            ("`crates/core`, `crates/` and `.ci/run`", false),
            ("`crates/core/src/secret.rs:12`", false),
            ("`interop/run.py --hallpass x`", false),
            ("`crates/{core,store}/src/*.rs`", false),
            ("`crates/**/lib.rs`", false),
            ("`crates/core/src/gone.rs`", true),
            ("`crates/{core,gone}/src/secret.rs`", true),
            ("`crates/*/src/gone.rs`", true),
            ("`xtask`", true),
            ("`docs/<page>.md` and `src/gone.rs`", false),
            ("crates/core/src/gone.rs", false),
            ("```\n`crates/gone`\n```", false),
        ] {
            let files = [
                ("README.md", line),
                (".ci/run", ""),
                ("crates/core/src/secret.rs", ""),
                ("crates/store/src/lib.rs", ""),
                ("interop/run.py", ""),
            ];
            assert_eq!(!places(rule, &files).is_empty(), wrong, "{line}");
        }
    }

    #[test]
    fn the_place_of_a_lost_path_is_told() {
        let files = [("docs/operating.md", "# Run\n\nsee `docs/gone.md`\n")];
        assert_eq!(places(rule, &files), ["docs/operating.md:3"]);
    }
}
