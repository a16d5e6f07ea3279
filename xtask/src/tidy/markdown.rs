//! Which pages are followed, and their lines outside fenced blocks. It must never become a
//! Markdown parser: our pages are plain.

use super::tree::Tree;

/// The pages whose paths and links must lead somewhere.
pub(crate) fn pages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts_ending(".md").filter(|(path, _)| {
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].contains(path)
            || path.starts_with("docs/")
    })
}

/// The lines of a page, numbered from 1, without its fenced blocks.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let mark = line.trim_start().get(..3).filter(|mark| ["```", "~~~"].contains(mark));
        match (fence, mark) {
            (None, None) => return Some((index + 1, line)),
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            (Some(_), _) => {}
        }
        None
    })
}

/// The parts of a line between backticks, and the parts around them.
pub(crate) fn spans(line: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut code, mut text) = (Vec::new(), Vec::new());
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 1 { code.push(part) } else { text.push(part) }
    }
    (code, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fenced_blocks_are_no_prose() {
        let text = "a\n```sh\nb\n~~~\nc\n```\nd\n";
        assert_eq!(prose(text).collect::<Vec<_>>(), [(1, "a"), (7, "d")]);
    }

    #[test]
    fn code_is_told_from_text() {
        assert_eq!(
            spans("see `docs/a.md`, then `b`"),
            (vec!["docs/a.md", "b"], vec!["see ", ", then ", ""])
        );
    }

    #[test]
    fn the_map_and_the_docs_are_followed() {
        let files =
            ["README.md", "ARCHITECTURE.md", "docs/x/y.md", "crates/core/README.md", "docs/a.txt"];
        let tree = Tree::of(&files.map(|path| (path, "")));
        let pages: Vec<_> = pages(&tree).map(|(path, _)| path).collect();
        assert_eq!(pages, ["ARCHITECTURE.md", "README.md", "docs/x/y.md"]);
    }
}
