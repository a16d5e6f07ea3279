//! An installation in a directory of its own, and its command line. Every command is checked for
//! what holds for all: answers on standard output, mistakes on standard error alone.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Ended, Process};

/// Who owns the credentials of these tests.
pub(crate) const ORGANIZATION: &str = "Example Library";

/// The audience of the first API.
pub(crate) const BOOKS: &str = "https://books.example.com/";

/// The `iss` of every token. Nothing listens there: nodes take whatever port is free.
pub(crate) const ISSUER: &str = "http://127.0.0.1:8420";

/// A directory to run commands in.
pub(crate) struct Place {
    folder: TempDir,
    database: Option<String>,
}

/// What a client logs in with.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

impl Login {
    /// From what a command printed when it made a secret.
    pub(crate) fn of(printed: &Value) -> Self {
        Self { client_id: text(printed, "client_id"), secret: text(printed, "client_secret") }
    }
}

impl Place {
    /// Nothing there yet.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None }
    }

    /// The same, of an installation whose database is at this URL.
    pub(crate) fn with_database(url: &str) -> Self {
        Self { database: Some(url.to_owned()), ..Self::empty() }
    }

    /// A database with an organization and an API of the scopes `read` and `write`.
    pub(crate) async fn set_up() -> Self {
        let place = Self::empty();
        place.furnish().await;
        place
    }

    /// Makes what [`Self::set_up`] makes.
    pub(crate) async fn furnish(&self) {
        self.ask(&["init"]).await;
        self.ask(&["organization", "add", ORGANIZATION]).await;
        let api = ["api", "add", "Books", "--audience", BOOKS];
        self.ask(&[&api[..], &["--scope", "read", "--scope", "write"]].concat()).await;
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the database and the master key are.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("hallpass-data")
    }

    /// The binary with these arguments, in an environment that holds nothing else.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command.args(args).env_clear().env("USER", "tester").current_dir(self.folder.path());
        if let Some(url) = &self.database {
            command.env("HALLPASS_DATABASE", url);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        self.run_with(self.command(args), "").await
    }

    /// Runs a command that was prepared, and gives it `stdin` to read.
    pub(crate) async fn run_with(&self, command: Command, stdin: &str) -> Ended {
        Process::start(command, stdin).ended().await
    }

    /// Runs a command that must succeed, and parses its JSON.
    pub(crate) async fn ask(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat()).await;
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{args:?}: {why}"))
    }

    /// Runs a command that must fail, and returns what it says to people.
    pub(crate) async fn refused(&self, args: &[&str]) -> String {
        refusal(args, self.run(args).await)
    }

    /// Makes a credential of [`ORGANIZATION`].
    pub(crate) async fn credential(&self, name: &str, options: &[&str]) -> Login {
        let args = ["credential", "add", name, "--organization", ORGANIZATION];
        Login::of(&self.ask(&[&args[..], options].concat()).await)
    }

    /// Makes a credential that may call [`BOOKS`].
    pub(crate) async fn reader(&self, name: &str) -> Login {
        self.credential(name, &["--api", BOOKS]).await
    }

    /// Whether the use of any secret of a credential is on disk.
    pub(crate) async fn was_used(&self, credential: &str) -> bool {
        let shown = self.ask(&["credential", "show", credential]).await;
        let secrets = shown["secrets"].as_array().unwrap();
        secrets.iter().any(|secret| !secret["last_used_at"].is_null())
    }

    /// The number of the last change.
    pub(crate) async fn last_seq(&self) -> u64 {
        let events = self.ask(&["audit", "list", "--limit", "1"]).await;
        events[0]["seq"].as_u64().unwrap()
    }

    /// How many events the audit log has; all of them must be as they were written.
    pub(crate) async fn whole_audit_log(&self) -> u64 {
        let chain = self.ask(&["audit", "verify"]).await;
        assert_eq!(chain["whole"], true);
        chain["events"].as_u64().unwrap()
    }
}

/// What a failed command says: on standard error, and nothing else anywhere.
pub(crate) fn refusal(args: &[&str], ended: Ended) -> String {
    assert!(ended.code.is_some_and(|code| code != 0), "{args:?}: {ended:?}");
    assert_eq!(ended.stdout, "", "{args:?}: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{args:?}: {ended:?}");
    ended.stderr
}

/// A member that is a string.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// Permissions of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
