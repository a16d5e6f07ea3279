//! `cargo xtask tidy`: the project's own rules, each a function from the tree of files to its
//! findings. A rule must never touch the disk, so that its tests need none.

mod arrows;
mod doc_paths;
mod leftovers;
mod length;
mod links;
mod manifest;
mod markdown;
mod module_docs;
mod names;
mod private_paths;
mod rust_file;
mod scaling_tables;
mod shown_files;
mod sleeps;
mod standards;
mod tree;
mod walls;
mod weight;

use std::fmt;

use anyhow::{Result, bail};

pub(crate) use walls::{PURE_PACKAGES, does_io};

use crate::workspace::Workspace;
use tree::Tree;

/// Every rule, in the order in which its findings are shown.
const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    arrows::rule,
    walls::rule,
    names::rule,
    length::rule,
    module_docs::rule,
    sleeps::rule,
    leftovers::rule,
    doc_paths::rule,
    links::rule,
    standards::rule,
    shown_files::rule,
    scaling_tables::rule,
    private_paths::rule,
    weight::rule,
];

/// One place that breaks a rule.
#[derive(Debug, Eq, PartialEq)]
struct Finding {
    path: String,
    /// Counted from 1.
    line: usize,
    problem: String,
    remedy: String,
}

impl Finding {
    fn new(path: &str, line: usize, problem: impl Into<String>, remedy: &str) -> Self {
        Self { path: path.to_owned(), line, problem: problem.into(), remedy: remedy.to_owned() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.problem, self.remedy)
    }
}

/// Reads the checkout and applies every rule to it.
///
/// # Errors
/// The files cannot be listed or read, or some rule has a finding.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("{} files are tidy.", tree.len()),
        1 => bail!("1 place is untidy"),
        n => bail!("{n} places are untidy"),
    }
    Ok(())
}

/// What the rule's tests look at: `path:line` of each finding on a tree of these files.
#[cfg(test)]
fn places(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
    rule(&Tree::of(files)).iter().map(|f| format!("{}:{}", f.path, f.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_place_problem_and_remedy() {
        let finding = Finding::new("crates/core/src/lib.rs", 7, "this is odd", "do that");
        assert_eq!(finding.to_string(), "crates/core/src/lib.rs:7: this is odd; do that");
    }
}
