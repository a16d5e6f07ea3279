//! Rule: a Rust file stays short enough to be read at one sitting. It must never count tests
//! towards the lower limit.

use super::Finding;
use super::rust_file::lines_of_code;
use super::tree::Tree;

const MAX_LINES: usize = 600;
const MAX_LINES_OF_CODE: usize = 400;

/// Finds files over 600 lines, or over 400 without their tests.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    tree.texts_ending(".rs").filter_map(|(path, text)| too_long(path, text)).collect()
}

fn too_long(path: &str, text: &str) -> Option<Finding> {
    let code = lines_of_code(path, text);
    if code > MAX_LINES_OF_CODE {
        let problem = format!("{code} lines without tests, over {MAX_LINES_OF_CODE}");
        return Some(Finding::new(path, MAX_LINES_OF_CODE + 1, problem, "split it by subject"));
    }
    let all = text.lines().count();
    let problem = format!("{all} lines, over {MAX_LINES}");
    let remedy = "move its tests to a tests.rs beside it, or split it by subject";
    (all > MAX_LINES).then(|| Finding::new(path, MAX_LINES + 1, problem, remedy))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn files_stay_short() {
        let lines = |n: usize| "x\n".repeat(n);
        let tests = "#[cfg(test)]\nmod tests {\n";
        for (path, text, wrong) in [
            ("a.rs", lines(400), None),
            ("a.rs", lines(401), Some("a.rs:401")),
            ("a.rs", lines(400) + tests + &lines(198), None),
            ("a.rs", lines(400) + tests + &lines(199), Some("a.rs:601")),
            ("tests/a.rs", lines(600), None),
            ("a/tests.rs", lines(601), Some("a/tests.rs:601")),
            ("a.md", lines(2000), None),
        ] {
            let wanted: Vec<_> = wrong.into_iter().collect();
            assert_eq!(places(rule, &[(path, &text)]), wanted, "{path}");
        }
    }
}
