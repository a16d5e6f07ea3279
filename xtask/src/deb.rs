//! `cargo xtask deb`: the Debian package, and the check of it that `cargo xtask test` runs. What
//! is in the package is decided in `packaging/debian`, not here.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The argument that asks for the check alone.
const CHECK: &str = "--check";

/// Builds the package into a folder, or checks it.
///
/// # Errors
/// The build fails, a tool of Debian's is missing, or the package is not as it should be.
pub(crate) fn run(workspace: &Workspace, argument: Option<&str>) -> Result<()> {
    match argument {
        Some(CHECK) => check(workspace),
        folder => build(workspace, folder),
    }
}

/// Builds for release and packages it, into `folder` or `debian` in the target directory.
fn build(workspace: &Workspace, folder: Option<&str>) -> Result<()> {
    if !process::succeeds(&mut process::command(workspace.root(), "dpkg-deb", &["--version"])) {
        bail!("dpkg-deb is not here: build the package on Debian, or one of its children");
    }
    let [hallpass] = workspace.build(&["--release", "--locked", "-p", "hallpass"], ["hallpass"])?;
    let folder = folder.map_or_else(|| workspace.target().join("debian"), |f| f.into());
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let args = [text(&hallpass)?, text(&folder)?];
    process::run(&mut process::command(workspace.root(), "packaging/debian/build.sh", &args))
}

/// Packages the binary of the tests, and installs it into a root of its own.
///
/// # Errors
/// Something about the package is not as it should be.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    // The same features as in the tests, so that what they compiled is used again.
    let args = ["--workspace", "--all-features", "--bin", "hallpass"];
    let [hallpass] = workspace.build(&args, ["hallpass"])?;
    let args = ["packaging/debian/check.py", "--hallpass", text(&hallpass)?];
    process::run(&mut process::command(workspace.root(), "python3", &args))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the target directory's name is not UTF-8")
}
