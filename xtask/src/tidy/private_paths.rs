//! Rule: no path of somebody's own machine in the repository. It must never find relative paths
//! or addresses that only look alike.

use super::Finding;
use super::tree::Tree;
use super::weight::is_lock_file;

/// Written apart, so that this file does not find itself.
const FOLDERS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Finds absolute paths into home and work directories.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    tree.texts().filter(|(path, _)| !is_lock_file(path)).flat_map(|(p, t)| paths(p, t)).collect()
}

fn paths(path: &str, text: &str) -> Vec<Finding> {
    let remedy = "make it relative to the checkout, or ask for it";
    let finding = |(index, line)| {
        let folder = private_folder(line)?;
        Some(Finding::new(path, index + 1, format!("a path in `{folder}`"), remedy))
    };
    text.lines().enumerate().filter_map(finding).collect()
}

fn private_folder(line: &str) -> Option<&'static str> {
    FOLDERS.into_iter().find(|folder| {
        line.match_indices(folder).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + folder.len()..]);
            let goes_on = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            is_absolute(before) && (goes_on || *folder != FOLDERS[2])
        })
    })
}

/// Whether a path that follows `before` starts at the root of the disk.
fn is_absolute(before: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-~/*}>)]".contains(c);
    before.ends_with("file://") || !before.ends_with(inside)
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn private_paths_are_found() {
        let [work, root, home] = FOLDERS;
        for (line, wrong) in [
            (format!("{work}main"), true),
            (format!("cd \"{root}x\""), true),
            (format!("PATH={home}alex/bin"), true),
            (format!("see file://{home}alex"), true),
            (format!("{home}<name>"), false),
            (format!("interop{work}go"), false),
            (format!("https://books.example{work}1"), false),
            (format!("~{work}x ${{DIR}}{work}x"), false),
            ("a workshop at home".to_owned(), false),
        ] {
            assert_eq!(!places(rule, &[("a.md", &line)]).is_empty(), wrong, "{line}");
        }
        assert!(places(rule, &[("Cargo.lock", &format!("{work}main"))]).is_empty());
    }
}
