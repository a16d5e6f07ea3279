//! Starts other programs: shows what it runs, and turns a failure into an error that names it. It
//! must never ask a person anything, so every program gets an empty stdin.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command that starts in `root`, with nothing to read.
pub(crate) fn command(root: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).args(args).stdin(Stdio::null());
    command
}

/// Prints the command, runs it with our own stdout and stderr, and waits.
///
/// # Errors
/// The program is not there, or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs the command quietly and returns its stdout; its stderr is passed on.
///
/// # Errors
/// As [`run`], or the output is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", line(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something other than UTF-8", line(command)))
}

/// Whether the command can be started and succeeds; says nothing either way.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(value)));
        }
    }
    words.push(quoted(command.get_program()));
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let here = Path::new(".");
        let mut doc = command(here, "cargo", &["doc", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        for (command, shown) in [
            (command(here, "git", &["ls-files", "-z"]), "git ls-files -z"),
            (command(here, "sh", &["-c", "it's"]), r"sh -c 'it'\''s'"),
            (doc, "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"),
        ] {
            assert_eq!(line(&command), shown);
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_names_it() {
        let mut absent = command(Path::new("."), "hallpass-no-such-program", &[]);
        assert!(!succeeds(&mut absent));
        let error = read(&mut absent).unwrap_err();
        assert!(error.to_string().contains("hallpass-no-such-program"), "{error}");
    }
}
