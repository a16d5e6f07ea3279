//! Rule: a file that a page shows is shown as it is, so that what is tested and what is pasted are
//! one. A page shows a file with a fenced block after a line that ends with its path in backticks
//! and a colon. It must never look at other blocks.

use super::Finding;
use super::markdown::{pages, spans};
use super::tree::Tree;

/// Finds blocks that differ from the file that they show.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    pages(tree).flat_map(|(page, text)| differing(tree, page, text)).collect()
}

fn differing(tree: &Tree, page: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rest = text;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        rest = &rest[line.len()..];
        let file = shown(line.trim_end()).and_then(|path| Some((path, tree.text(path)?)));
        let (Some((path, file)), Some(block)) = (file, block(rest)) else { continue };
        if !block.strip_prefix(file).is_some_and(|after| after.starts_with("```")) {
            let problem = format!("`{path}` is shown otherwise than it is");
            findings.push(Finding::new(page, index + 1, problem, "copy the file into the block"));
        }
    }
    findings
}

/// What follows the opening line of a fenced block, if the text begins with one.
fn block(text: &str) -> Option<&str> {
    let (_, block) = text.trim_start().strip_prefix("```")?.split_once('\n')?;
    Some(block)
}

/// The path that a line announces.
fn shown(line: &str) -> Option<&str> {
    line.ends_with("`:").then(|| spans(line).0.last().copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn a_file_is_shown_as_it_is() {
        for (page, wrong) in [
            ("This is `packaging/a.conf`:\n\n```nginx\none\n\ntwo\n```\n", false),
            ("`packaging/a.conf`:\n```\none\n\ntwo\n```\n", false),
            ("`packaging/a.conf`:\n\n```nginx\none\n\nthree\n```\n", true),
            ("`packaging/a.conf`:\n\n```nginx\none\n```\n", true),
            ("`packaging/a.conf`:\n\n```nginx\none\n\ntwo\nmore\n```\n", true),
            ("`packaging/a.conf`:\n\nno block\n", false),
            ("In `packaging/a.conf`\n\n```\nother\n```\n", false),
            ("`/etc/other.conf`:\n\n```\nother\n```\n", false),
        ] {
            let files = [("docs/a.md", page), ("packaging/a.conf", "one\n\ntwo\n")];
            let wanted: &[&str] = if wrong { &["docs/a.md:1"] } else { &[] };
            assert_eq!(places(rule, &files), wanted, "{page}");
        }
    }
}
