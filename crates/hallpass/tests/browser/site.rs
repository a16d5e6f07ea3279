//! The real binary with an installation of its own, as a browser reaches it. It is `localhost`,
//! since passkeys belong to names and not to addresses.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use hallpass_store::{SqliteStore, sqlite::Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::Program;

/// A running server and its folder.
pub(crate) struct Site {
    pub(crate) url: String,
    /// Where its first operator is made.
    pub(crate) set_up: String,
    _server: Program,
    folder: TempDir,
}

impl Site {
    /// A new installation: nobody has signed in to it yet.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let (listen, issuer) = (format!("127.0.0.1:{port}"), format!("http://localhost:{port}"));
        let mut serve = command(folder.path(), &["serve", "--log-format", "json"]);
        serve.args(["--listen", &listen, "--issuer", &issuer, "--metrics-listen", "127.0.0.1:0"]);
        // Printed by a server that answers and has no operator yet.
        let link = |line: &str| line.contains("/setup/").then(|| line.trim().to_owned());
        let (server, set_up) = Program::start(serve, link);
        Self { url: issuer, set_up, _server: server, folder }
    }

    /// The address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A file of the test's own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The server's own database, as a file.
    pub(crate) fn database(&self) -> PathBuf {
        self.path("hallpass-data/hallpass.db")
    }

    /// The server's own database.
    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open_existing(&self.database(), Options::default()).unwrap()
    }

    /// Runs a command beside the server, and parses its JSON.
    pub(crate) fn ask(&self, args: &[&str]) -> Value {
        let output = command(self.folder.path(), args)
            .arg("--json")
            .env("HALLPASS_ISSUER", &self.url)
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
    command.args(args).env_clear().env("USER", "tester").current_dir(folder);
    command
}

/// The issuer's URL must name the port before the server has it, so the server cannot ask for 0.
/// The system hands out other ports for a while after this one was let go.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
