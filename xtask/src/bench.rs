//! `cargo xtask bench`: release builds, and the `bench` binary that measures them. Numbers come
//! from there; this must never print one of its own.

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Builds `hallpass` and `bench` for release, and runs the latter on the former.
///
/// # Errors
/// There is no member `bench`, or the build or the benchmark fails.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    if !workspace.has_member("bench") {
        bail!("the workspace has no member `bench` to run: add bench/ to Cargo.toml");
    }
    let args = ["--release", "--package", "hallpass", "--package", "bench"];
    let [hallpass, bench] = workspace.build(&args, ["hallpass", "bench"])?;
    let [hallpass, bench] = [&hallpass, &bench].map(|path| path.to_str());
    let no_utf8 = "the target directory's name is not UTF-8";
    let (hallpass, bench) = (hallpass.context(no_utf8)?, bench.context(no_utf8)?);
    process::run(process::command(workspace.root(), bench, &["--hallpass", hallpass]).args(extra))
}
