//! Rule: a relative link in a page points to something. It must never open a link to elsewhere.

use super::Finding;
use super::markdown::{pages, prose, spans};
use super::tree::Tree;

/// Finds relative links that point to nothing.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (page, text) in pages(tree) {
        for (line, content) in prose(text) {
            for target in targets(content) {
                let lost = relative(&target)
                    .filter(|path| !resolve(page, path).is_some_and(|path| tree.contains(&path)));
                if let Some(path) = lost {
                    let problem = format!("the link to `{path}` points to nothing");
                    let remedy = "correct it, relative to this page";
                    findings.push(Finding::new(page, line, problem, remedy));
                }
            }
        }
    }
    findings
}

/// What the links of a line point to: `[text](target "title")` and `[label]: target`.
fn targets(line: &str) -> Vec<String> {
    // A link's text may hold code; what is in the code is no link.
    let text = spans(line).1.join("x");
    let mut targets: Vec<String> = text
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(first_word(rest.split(')').next()?)))
        .collect();
    if text.starts_with('[') && !text.starts_with("[^") {
        targets.extend(text.split_once("]: ").map(|(_, rest)| first_word(rest)));
    }
    targets
}

fn first_word(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// The path of a link within the checkout, if it is one.
fn relative(target: &str) -> Option<&str> {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    let scheme = path.split('/').next().is_some_and(|head| head.contains(':'));
    (!path.is_empty() && !scheme && !path.starts_with("//")).then_some(path)
}

/// The path from the root; `None` when it leaves the checkout.
fn resolve(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    if path.starts_with('/') {
        parts.clear();
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn relative_links_point_to_something() {
        for (line, wrong) in [
            ("[a](scaling.md)", false),
            ("[a](./scaling.md#model) and [b](../README.md \"read me\")", false),
            ("[`a`](decisions/)", false),
            ("[a](/docs/scaling.md)", false),
            ("[a](https://hallpass.example/x) [b](mailto:a@b.example) [c](#here)", false),
            ("[a]: scaling.md", false),
            ("`[a](gone.md)`", false),
            ("[a](gone.md)", true),
            ("[a](scaling.md), [b](docs/scaling.md)", true),
            ("![plot](plot.svg)", true),
            ("[a]: gone.md", true),
            ("[a](../../outside.md)", true),
        ] {
            let files = [
                ("README.md", ""),
                ("docs/operating.md", line),
                ("docs/scaling.md", ""),
                ("docs/decisions/0001-one-door-for-writes.md", ""),
            ];
            let wanted: &[&str] = if wrong { &["docs/operating.md:1"] } else { &[] };
            assert_eq!(places(rule, &files), wanted, "{line}");
        }
    }
}
