//! `cargo xtask faults`: the real binary and a real PostgreSQL under load, while processes are
//! killed. What is done to them is in the `faults` package; this must never know it.

use anyhow::{Context as _, Result};

use crate::{process, workspace::Workspace};

const RELEASE: &str = "--release";

/// The binaries as the tests have built them, so that nothing is compiled twice.
const AS_TESTED: &[&str] =
    &["--workspace", "--all-features", "--bin", "hallpass", "--bin", "faults"];

/// Builds `hallpass` and `faults`, for release if that is asked for, and runs the latter on the
/// former.
///
/// # Errors
/// The build fails, or something that was acknowledged was lost.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    let (release, extra): (Vec<_>, Vec<_>) = extra.iter().partition(|word| *word == RELEASE);
    start(workspace, !release.is_empty(), &extra, &[])
}

/// A little of everything, which must find PostgreSQL.
///
/// # Errors
/// As [`run`].
pub(crate) fn small(workspace: &Workspace) -> Result<()> {
    start(workspace, false, &[&"--small".to_owned()], &[("HALLPASS_POSTGRES", "required")])
}

fn start(
    workspace: &Workspace,
    for_release: bool,
    extra: &[&String],
    env: &[(&str, &str)],
) -> Result<()> {
    let [hallpass, faults] = if for_release {
        // Each alone: built together, one would bring the other its features.
        let [hallpass] = workspace.build(&[RELEASE, "--package", "hallpass"], ["hallpass"])?;
        let [faults] = workspace.build(&[RELEASE, "--package", "faults"], ["faults"])?;
        [hallpass, faults]
    } else {
        workspace.build(AS_TESTED, ["hallpass", "faults"])?
    };
    let [hallpass, faults] = [&hallpass, &faults].map(|path| path.to_str());
    let no_utf8 = "the target directory's name is not UTF-8";
    let (hallpass, faults) = (hallpass.context(no_utf8)?, faults.context(no_utf8)?);
    let mut command = process::command(workspace.root(), faults, &["--hallpass", hallpass]);
    process::run(command.args(extra).envs(env.iter().copied()))
}
