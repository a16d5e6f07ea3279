//! Which part of a Rust file is code, and which is tests. It must never parse more than the
//! layout that rustfmt gives us.

/// Whether the whole file is tests: `tests.rs`, or anything under `tests/`.
pub(crate) fn is_tests(path: &str) -> bool {
    path == "tests.rs"
        || path.ends_with("/tests.rs")
        || path.starts_with("tests/")
        || path.contains("/tests/")
}

/// How many lines of the file come before its tests, which stand last.
pub(crate) fn lines_of_code(path: &str, text: &str) -> usize {
    if is_tests(path) {
        return 0;
    }
    let lines: Vec<&str> = text.lines().collect();
    let starts_tests = |index: usize| {
        lines[index] == "#[cfg(test)]"
            && lines[index + 1..]
                .iter()
                .find(|line| !line.starts_with("#["))
                .is_some_and(|line| line.starts_with("mod tests {"))
    };
    (0..lines.len()).find(|index| starts_tests(*index)).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_code() {
        let inline = "//! Doc.\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n";
        let beside = "//! Doc.\nfn a() {}\n\n#[cfg(test)]\nmod tests;\n";
        let attributes = "//! Doc.\n#[cfg(test)]\n#[expect(dead_code)]\nmod tests {\n}\n";
        let helper = "//! Doc.\n#[cfg(test)]\nfn helper() {}\nfn a() {}\n";
        for (path, text, lines) in [
            ("src/a.rs", inline, 3),
            ("src/a.rs", beside, 5),
            ("src/a.rs", attributes, 1),
            ("src/a.rs", helper, 4),
            ("src/a/tests.rs", inline, 0),
            ("crates/server/tests/oauth/token.rs", inline, 0),
            ("src/contests.rs", inline, 3),
        ] {
            assert_eq!(lines_of_code(path, text), lines, "{path}: {text}");
        }
    }
}
