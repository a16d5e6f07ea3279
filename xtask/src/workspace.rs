//! Where the checkout is and what it builds, as cargo tells it. It must never guess a path: the
//! target directory may be anywhere.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process;

/// The checkout that `cargo xtask` was called in.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    members: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace around the current directory.
    ///
    /// # Errors
    /// Cargo finds no workspace, or answers something that is not understood.
    pub(crate) fn find() -> Result<Self> {
        let args = ["metadata", "--no-deps", "--format-version", "1"];
        let answer = process::read(&mut process::command(Path::new("."), "cargo", &args))?;
        Self::from_metadata(&answer)
    }

    fn from_metadata(json: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(json).context("cargo metadata")?;
        let root = metadata["workspace_root"].as_str().context("no workspace_root")?;
        let target = metadata["target_directory"].as_str().context("no target_directory")?;
        let packages = metadata["packages"].as_array().context("no packages")?;
        let names = packages.iter().filter_map(|package| package["name"].as_str());
        let (root, target) = (root.into(), target.into());
        Ok(Self { root, target, members: names.map(str::to_owned).collect() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds; git ignores it.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn has_member(&self, package: &str) -> bool {
        self.members.iter().any(|member| member == package)
    }

    /// Runs `cargo build` with these arguments and says where it put the binaries asked for.
    ///
    /// # Errors
    /// The build fails, or builds no binary of one of the names.
    pub(crate) fn build<const N: usize>(
        &self,
        args: &[&str],
        binaries: [&str; N],
    ) -> Result<[PathBuf; N]> {
        let mut build = process::command(&self.root, "cargo", &["build"]);
        build.args(args);
        println!("$ {}", process::line(&build));
        let messages = process::read(build.arg("--message-format=json-render-diagnostics"))?;
        let mut found = [const { None }; N];
        for (path, name) in found.iter_mut().zip(binaries) {
            *path = executable(&messages, name);
        }
        if let Some(index) = found.iter().position(Option::is_none) {
            bail!("`{}` built no binary `{}`", process::line(&build), binaries[index]);
        }
        Ok(found.map(Option::unwrap_or_default))
    }

    /// A workspace without members, for tests.
    #[cfg(test)]
    pub(crate) fn at(root: &str) -> Self {
        Self { root: root.into(), target: root.into(), members: Vec::new() }
    }
}

/// The path of a binary among cargo's messages, one JSON object per line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_root_and_members() {
        let json = r#"{"packages":[{"name":"hallpass"},{"name":"xtask"}],"workspace_root":"here",
            "target_directory":"there"}"#;
        let workspace = Workspace::from_metadata(json).unwrap();
        assert_eq!(workspace.root(), Path::new("here"));
        assert_eq!(workspace.target(), Path::new("there"));
        assert!(workspace.has_member("xtask") && !workspace.has_member("bench"));
    }

    #[test]
    fn odd_metadata_is_refused() {
        for json in ["", "[]", "{}", r#"{"workspace_root":1,"packages":[]}"#] {
            assert!(Workspace::from_metadata(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_binary_is_where_cargo_says_it_is() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"hallpass"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"bench"},"executable":"t/bench"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"hallpass"},"executable":"t/hp"}"#,
        );
        assert_eq!(executable(messages, "hallpass"), Some("t/hp".into()));
        assert_eq!(executable(messages, "absent"), None);
    }
}
