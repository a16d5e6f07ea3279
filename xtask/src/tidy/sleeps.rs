//! Rule: a test moves the clock or waits for an event, and never sleeps and hopes. It must never
//! stop an exception whose reason is written beside it.

use super::Finding;
use super::rust_file::lines_of_code;
use super::tree::Tree;

const CALLS: [&str; 3] = ["sleep(", "sleep_until(", "sleep_ms("];
const PERMIT: &str = "// tidy: allow-sleep ";

/// Finds calls of any `sleep` in tests.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    tree.texts_ending(".rs").flat_map(|(path, text)| sleeps(path, text)).collect()
}

fn sleeps(path: &str, text: &str) -> Vec<Finding> {
    let code = lines_of_code(path, text);
    let mut findings = Vec::new();
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        let is_test = index >= code;
        if is_test && calls_sleep(line) && !permits(line) && !permits(before) {
            let remedy = "move the clock or wait for an event; else say why with \
                          `// tidy: allow-sleep <reason>`";
            findings.push(Finding::new(path, index + 1, "a test sleeps", remedy));
        }
        before = line;
    }
    findings
}

/// Whether a function is called that has no other name than `sleep`; a method of a test's own
/// clock is something else.
fn calls_sleep(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    CALLS.iter().any(|call| {
        code.match_indices(call).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
                && !code[..at].ends_with("fn ")
        })
    })
}

/// On the line itself, or alone on the line above it.
fn permits(line: &str) -> bool {
    line.split_once(PERMIT).is_some_and(|(_, reason)| !reason.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn tests_do_not_sleep() {
        let permit = |reason: &str| format!("{PERMIT}{reason}");
        for (path, line, wrong) in [
            ("tests/a.rs", "thread::nap(second);".to_owned(), true),
            ("tests/a.rs", "tokio::time::nap(second).await;".to_owned(), true),
            ("src/tests.rs", "    nap_until(then).await;".to_owned(), true),
            ("src/a.rs", "thread::nap(second);".to_owned(), false),
            ("src/a.rs", "#[cfg(test)]\nmod tests {\n    nap(second);".to_owned(), true),
            ("tests/a.rs", "clock.nap(second);".to_owned(), false),
            ("tests/a.rs", "fn nap() {}".to_owned(), false),
            ("tests/a.rs", "anap();".to_owned(), false),
            ("tests/a.rs", "// Never nap(1) here.".to_owned(), false),
            ("tests/a.rs", format!("nap(ms); {}", permit("the kernel has no event")), false),
            ("tests/a.rs", format!("{}\nnap(ms);", permit("no event")), false),
            ("tests/a.rs", format!("nap(ms); {}", permit("")), true),
            ("tests/a.py", "nap(1)".to_owned(), false),
        ] {
            // Written with another word, so that this file does not find itself.
            let line = line.replace("nap", "sleep");
            assert_eq!(!places(rule, &[(path, &line)]).is_empty(), wrong, "{path}: {line}");
        }
    }
}
