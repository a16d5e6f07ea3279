//! Reads what a `Cargo.toml` depends on, with line numbers. It must never judge: that is for
//! `arrows` and `walls`.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::Finding;
use super::tree::Tree;

/// One package of the checkout.
pub(crate) struct Manifest<'a> {
    pub(crate) path: &'a str,
    pub(crate) package: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a dependency table.
pub(crate) struct Dependency {
    /// The crate's real name, whatever it is called here.
    pub(crate) package: String,
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

const TABLES: [(&str, Kind); 3] = [
    ("dependencies", Kind::Normal),
    ("build-dependencies", Kind::Build),
    ("dev-dependencies", Kind::Dev),
];

/// The packages of the tree; the workspace's own table alone is no package.
///
/// # Errors
/// A manifest that is not TOML.
pub(crate) fn manifests(tree: &Tree) -> Result<Vec<Manifest<'_>>, Finding> {
    let renamed = tree.text("Cargo.toml").map(workspace_renames).unwrap_or_default();
    let mut manifests = Vec::new();
    for (path, text) in tree.texts() {
        if path != "Cargo.toml" && !path.ends_with("/Cargo.toml") {
            continue;
        }
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            Finding::new(path, line, format!("not TOML: {}", error.message()), "correct it")
        })?;
        let root = table.get_ref();
        if let Some(package) = package_name(root) {
            let dependencies = dependencies(root, text, &renamed);
            manifests.push(Manifest { path, package, dependencies });
        }
    }
    Ok(manifests)
}

fn package_name(root: &DeTable<'_>) -> Option<String> {
    Some(value(table(root, "package")?, "name")?.as_str()?.to_owned())
}

/// Reads the three tables, for every target.
fn dependencies(
    root: &DeTable<'_>,
    text: &str,
    renamed: &BTreeMap<String, String>,
) -> Vec<Dependency> {
    let targets = table(root, "target").into_iter().flat_map(DeTable::values);
    let targets = targets.filter_map(|target| target.get_ref().as_table());
    let mut found = Vec::new();
    for section in std::iter::once(root).chain(targets) {
        for (name, kind) in TABLES {
            for (key, entry) in table(section, name).into_iter().flatten() {
                let key_text = key.get_ref().as_ref();
                let package = renamed_to(entry.get_ref())
                    .or_else(|| renamed.get(key_text).cloned())
                    .unwrap_or_else(|| key_text.to_owned());
                found.push(Dependency { package, kind, line: line_at(text, key.span().start) });
            }
        }
    }
    found
}

/// Names that `[workspace.dependencies]` gives to other crates.
fn workspace_renames(text: &str) -> BTreeMap<String, String> {
    let Ok(root) = DeTable::parse(text) else {
        return BTreeMap::new(); // `manifests` reports it.
    };
    let entries = table(root.get_ref(), "workspace").and_then(|ws| table(ws, "dependencies"));
    entries
        .into_iter()
        .flatten()
        .filter_map(|(key, entry)| Some((key.get_ref().to_string(), renamed_to(entry.get_ref())?)))
        .collect()
}

fn renamed_to(entry: &DeValue<'_>) -> Option<String> {
    Some(value(entry.as_table()?, "package")?.as_str()?.to_owned())
}

fn table<'t, 'i>(parent: &'t DeTable<'i>, name: &str) -> Option<&'t DeTable<'i>> {
    value(parent, name)?.as_table()
}

fn value<'t, 'i>(parent: &'t DeTable<'i>, name: &str) -> Option<&'t DeValue<'i>> {
    parent.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value.get_ref())
}

/// The line, from 1, of a byte.
fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or_default();
    1 + before.iter().filter(|b| **b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_every_way_to_rename_is_read() {
        let root = "[workspace]\n[workspace.dependencies]\nsql = { package = \"rusqlite\" }\n";
        let crate_manifest = "[package]\nname = \"hallpass-core\"\n[dependencies]\n\
            serde.workspace = true\nsql.workspace = true\n\
            [dependencies.net]\npackage = \"tokio\"\nversion = \"1\"\n\
            [target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n\
            [dev-dependencies]\ninsta = \"1\"\n";
        let tree = Tree::of(&[("Cargo.toml", root), ("crates/core/Cargo.toml", crate_manifest)]);
        let manifests = manifests(&tree).unwrap_or_default();
        assert_eq!(manifests.len(), 1);
        assert_eq!(manifests[0].package, "hallpass-core");
        let mut read: Vec<_> = manifests[0]
            .dependencies
            .iter()
            .map(|d| (d.line, d.package.as_str(), d.kind))
            .collect();
        read.sort_by_key(|(line, ..)| *line);
        assert_eq!(
            read,
            [
                (4, "serde", Kind::Normal),
                (5, "rusqlite", Kind::Normal),
                (6, "tokio", Kind::Normal),
                (10, "cc", Kind::Build),
                (12, "insta", Kind::Dev),
            ]
        );
    }

    #[test]
    fn a_broken_manifest_is_a_finding_and_no_panic() {
        let tree = Tree::of(&[("crates/core/Cargo.toml", "[package]\nname = \n")]);
        let finding = manifests(&tree).err().unwrap();
        assert_eq!((finding.path.as_str(), finding.line), ("crates/core/Cargo.toml", 2));
    }
}
