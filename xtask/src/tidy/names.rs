//! Rule: a file is named after what it does. It must never grow into a rule about taste.

use super::Finding;
use super::tree::Tree;

/// Names that say nothing, for a file or a folder.
const EMPTY_NAMES: [&str; 4] = ["utils", "helpers", "common", "misc"];

/// Finds Rust files and their folders with an empty name.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let nameless = |path: &str| {
        let mut parts = path.strip_suffix(".rs").unwrap_or_default().split('/');
        parts.rfind(|part| EMPTY_NAMES.contains(part)).map(str::to_owned)
    };
    tree.texts_ending(".rs")
        .filter_map(|(path, _)| {
            let problem = format!("`{}` says nothing", nameless(path)?);
            let remedy = "name it after what it does, and put it beside its user";
            Some(Finding::new(path, 1, problem, remedy))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn files_are_named_after_what_they_do() {
        for (path, wrong) in [
            ("crates/core/src/utils.rs", true),
            ("crates/core/src/helpers.rs", true),
            ("crates/core/tests/common/mod.rs", true),
            ("misc.rs", true),
            ("crates/core/src/uncommon.rs", false),
            ("crates/core/src/secret.rs", false),
            ("docs/misc.md", false),
        ] {
            assert_eq!(!places(rule, &[(path, "")]).is_empty(), wrong, "{path}");
        }
    }
}
