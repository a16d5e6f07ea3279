//! Rule: git holds text, in files that a person can review. It must never ask for an exception
//! list: what is too heavy is built or fetched instead.

use super::Finding;
use super::tree::{Content, Tree};

const MAX_BYTES: usize = 512 * 1024;

/// Written by package managers, and as long as they are.
const LOCK_FILES: [&str; 4] = ["Cargo.lock", "package-lock.json", "go.sum", "composer.lock"];

/// Whether a package manager wrote this file.
pub(crate) fn is_lock_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| LOCK_FILES.contains(&name))
}

/// Finds binary files, and files over 512 KiB.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let heavy = |(path, content): (&str, &Content)| {
        let (problem, remedy) = match content {
            Content::Binary { .. } => ("a binary file".to_owned(), "make it from text at build"),
            Content::Text(_) if content.bytes() > MAX_BYTES && !is_lock_file(path) => {
                let kib = content.bytes() / 1024;
                (format!("{kib} KiB, over {}", MAX_BYTES / 1024), "split it, or generate it")
            }
            Content::Text(_) => return None,
        };
        Some(Finding::new(path, 1, problem, remedy))
    };
    tree.files().filter_map(heavy).collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn only_reviewable_text_is_kept() {
        let limit = "x".repeat(MAX_BYTES);
        let over = "x".repeat(MAX_BYTES + 1);
        for (path, text, wrong) in [
            ("a.rs", "fn a() {}", false),
            ("logo.png", "\0PNG", true),
            ("a.json", &limit, false),
            ("a.json", &over, true),
            ("Cargo.lock", &over, false),
            ("interop/node/package-lock.json", &over, false),
        ] {
            assert_eq!(!places(rule, &[(path, text)]).is_empty(), wrong, "{path}");
        }
    }
}
