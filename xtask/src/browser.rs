//! The browser tests: what they need beside cargo, and `cargo xtask screenshots`, which runs them
//! and keeps a picture of every page. The pages are chosen in the tests; this knows none of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// Where the tests are, and the npm package that they load into pages.
const FOLDER: &str = "crates/hallpass/tests/browser";

/// Set for the tests: a browser that is not there is a failure.
pub(crate) const REQUIRED: (&str, &str) = ("HALLPASS_BROWSER", "required");

/// Set for the tests: where pictures go.
const PICTURES: &str = "HALLPASS_SCREENSHOTS";

/// Gets ready for the browser tests, or says that they will be left out.
///
/// # Errors
/// There is a browser, and npm fails.
pub(crate) fn prepare(workspace: &Workspace) -> Result<()> {
    let absent = [["chromedriver", "--version"], ["npm", "--version"]].into_iter().find(|probe| {
        !process::succeeds(&mut process::command(workspace.root(), probe[0], &probe[1..]))
    });
    if let Some([tool, _]) = absent {
        println!(
            "There is no {tool} here: the browser tests do nothing. \
             `cargo xtask test` installs what they need."
        );
        return Ok(());
    }
    install(&workspace.root().join(FOLDER))
}

/// Runs the browser tests, and keeps pictures in `folder`, or else in the target directory.
///
/// # Errors
/// A test fails, or there is no browser.
pub(crate) fn screenshots(workspace: &Workspace, folder: Option<&str>) -> Result<()> {
    install(&workspace.root().join(FOLDER))?;
    let folder = match folder {
        Some(folder) => std::path::absolute(folder).context("the folder for the pictures")?,
        None => workspace.target().join("screenshots"),
    };
    let test = ["test", "--workspace", "--all-features", "--test", "browser"];
    let mut tests = process::command(workspace.root(), "cargo", &test);
    process::run(tests.env(REQUIRED.0, REQUIRED.1).env(PICTURES, &folder))?;
    println!("{} pictures in {}", pictures(&folder)?, folder.display());
    Ok(())
}

/// Runs `npm ci` unless what the lock file says is there already.
fn install(folder: &Path) -> Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json")).context("package-lock.json")?;
    let stamp: PathBuf = folder.join("node_modules").join(".stamp");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    process::run(&mut process::command(folder, "npm", &["ci", "--silent"]))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

fn pictures(folder: &Path) -> Result<usize> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let is_picture =
        |entry: &fs::DirEntry| entry.path().extension().is_some_and(|end| end == "png");
    Ok(entries.filter_map(Result::ok).filter(is_picture).count())
}
