//! The files of the checkout, read once for all rules. It must never hold what git ignores.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process;

/// Path, relative to the root and with `/`, to content.
pub(crate) struct Tree(BTreeMap<String, Content>);

/// What is in a file.
pub(crate) enum Content {
    Text(String),
    Binary { bytes: usize },
}

impl Content {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary { bytes } => *bytes,
        }
    }
}

impl Tree {
    /// Reads all files that git tracks, or would track after `git add`.
    ///
    /// # Errors
    /// Git does not answer, or a file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        // The checkout of a CI job often belongs to somebody else, which git refuses by default.
        let args = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"];
        let mut git = process::command(root, "git", &args);
        let listing = process::read(git.arg("--exclude-standard"))?;
        let mut files = BTreeMap::new();
        for path in listing.split_terminator('\0') {
            let place = root.join(path);
            // Skips what was deleted and not yet committed, symbolic links, and submodules.
            if !place.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
                continue;
            }
            let bytes = fs::read(&place).with_context(|| format!("cannot read {path}"))?;
            files.insert(path.to_owned(), content(bytes));
        }
        Ok(Self(files))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.0.iter().map(|(path, content)| (path.as_str(), content))
    }

    /// Every file that is text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter_map(|(path, content)| match content {
            Content::Text(text) => Some((path, text.as_str())),
            Content::Binary { .. } => None,
        })
    }

    /// Every text file whose name ends so.
    pub(crate) fn texts_ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| path.ends_with(end))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        match self.0.get(path)? {
            Content::Text(text) => Some(text),
            Content::Binary { .. } => None,
        }
    }

    /// Whether this is a file, or a folder with files in it. The root is the empty path.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        if path.is_empty() || self.0.contains_key(path) {
            return true;
        }
        let folder = format!("{path}/");
        self.0.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
    }

    /// A tree in memory.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file =
            |(path, text): &(&str, &str)| ((*path).to_owned(), content(text.as_bytes().to_vec()));
        Self(files.iter().map(file).collect())
    }
}

/// Text is UTF-8 without NUL.
fn content(bytes: Vec<u8>) -> Content {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Content::Text(text),
        Ok(text) => Content::Binary { bytes: text.len() },
        Err(error) => Content::Binary { bytes: error.as_bytes().len() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_found_by_their_exact_names() {
        let tree = Tree::of(&[("docs/api.md", ""), ("docs-old/x", "")]);
        for (path, there) in [
            ("docs/api.md", true),
            ("docs", true),
            ("docs/", true),
            ("", true),
            ("doc", false),
            ("Docs", false),
            ("docs/api", false),
        ] {
            assert_eq!(tree.contains(path), there, "{path}");
        }
    }

    #[test]
    fn text_is_utf_8_without_nul() {
        for (bytes, text) in
            [(&b"plain"[..], true), (b"", true), (b"a\0b", false), (b"\xff\xfe", false)]
        {
            assert_eq!(matches!(content(bytes.to_vec()), Content::Text(_)), text, "{bytes:?}");
        }
    }
}
