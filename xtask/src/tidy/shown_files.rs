//! Rule: a file that a page shows is shown as it is, so that what is tested and what is pasted are
//! one. A page shows a file with a fenced block after a line that ends with its path in backticks
//! and a colon; of a file with lines that say `example` and `end`, it shows what is between them.
//! It must never look at other blocks.

use std::borrow::Cow;

use super::Finding;
use super::markdown::{pages, spans};
use super::tree::Tree;

/// What begins a comment, in the languages of `interop/`.
const COMMENTS: [&str; 2] = ["#", "//"];

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
        let wanted = example(file).map_or(Cow::Borrowed(file), Cow::Owned);
        if !block.strip_prefix(&*wanted).is_some_and(|after| after.starts_with("```")) {
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

/// The lines between the marks, without the indent that they have in common.
fn example(file: &str) -> Option<String> {
    let is = |line: &str, mark: &str| {
        line.trim()
            .split_once(' ')
            .is_some_and(|(sign, word)| COMMENTS.contains(&sign) && word == mark)
    };
    let inside = file.lines().skip_while(|line| !is(line, "example")).skip(1);
    let lines: Vec<_> = inside.take_while(|line| !is(line, "end")).collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min()?;
    let text: Vec<_> = lines.iter().map(|line| line.get(common..).unwrap_or_default()).collect();
    Some(format!("{}\n", text.join("\n").trim_matches('\n')))
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

    #[test]
    fn of_an_example_what_is_between_its_marks_is_shown() {
        let file = "import x\n\nclass A {\n    // example\n    one {\n\n        two\n    }\n    // end\n}\n";
        for (block, wrong) in [
            ("one {\n\n    two\n}\n", false),
            ("one {\n\n    three\n}\n", true),
            ("    one {\n\n        two\n    }\n", true),
            (file, true),
        ] {
            let page = format!("From `interop/a.java`:\n\n```java\n{block}```\n");
            let wanted: &[&str] = if wrong { &["docs/a.md:1"] } else { &[] };
            let found = places(rule, &[("docs/a.md", &page), ("interop/a.java", file)]);
            assert_eq!(found, wanted, "{block}");
        }
    }
}
