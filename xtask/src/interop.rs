//! `cargo xtask interop`: strangers' OAuth libraries against the real binary. The peers are
//! chosen in `interop/run.py`; this must never know one of them.

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

const SCRIPT: &str = "interop/run.py";

/// Builds the binary and hands it to the suite, with `extra` arguments.
///
/// # Errors
/// The build or a peer fails, or `interop/` is there without its script.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    if !workspace.root().join("interop").is_dir() {
        println!("There is no interop/ folder yet: nothing to run.");
        return Ok(());
    }
    if !workspace.root().join(SCRIPT).is_file() {
        bail!("{SCRIPT} does not exist, although its folder does: add it");
    }
    // The same features as in the tests, so that what they compiled is used again.
    let args = ["--workspace", "--all-features", "--bin", "hallpass"];
    let [hallpass] = workspace.build(&args, ["hallpass"])?;
    let hallpass = hallpass.to_str().context("the target directory's name is not UTF-8")?;
    let mut suite =
        process::command(workspace.root(), "python3", &[SCRIPT, "--hallpass", hallpass]);
    process::run(suite.args(extra))
}
