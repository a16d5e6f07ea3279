//! A folder on this machine with an installation in it, its settings, and its command line. The
//! folder stays when something broke: it has the log of every node.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Who owns the credentials.
pub(crate) const ORGANIZATION: &str = "Example Library";

/// The audience of the protected API.
pub(crate) const BOOKS: &str = "https://books.example.com/";

/// An installation.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    hallpass: PathBuf,
    /// Where its nodes are called, all of them.
    pub(crate) issuer: String,
    database: Option<String>,
}

/// What a client logs in with.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Login {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

impl Site {
    /// An installation with an organization and an API. Without the URL of a database it has a
    /// file of its own.
    pub(crate) fn new(
        hallpass: &Path,
        folder: &Path,
        issuer: String,
        database: Option<String>,
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (folder, hallpass) = (folder.to_owned(), hallpass.to_owned());
        let site = Self { folder, hallpass, issuer, database };
        site.ask(&["init"])?;
        site.ask(&["organization", "add", ORGANIZATION])?;
        let scopes = ["--scope", "read", "--scope", "write"];
        site.ask(&[&["api", "add", "Books", "--audience", BOOKS], &scopes[..]].concat())?;
        Ok(site)
    }

    /// The same installation, whose database is called elsewhere.
    pub(crate) fn at(&self, database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..self.clone() }
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The binary with these arguments, in an environment that holds nothing else.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.hallpass);
        command.args(args).env_clear().current_dir(&self.folder).stdin(Stdio::null());
        command.env("USER", "faults").env("HALLPASS_ISSUER", &self.issuer);
        if let Some(url) = &self.database {
            command.env("HALLPASS_DATABASE", url);
        }
        command
    }

    /// Runs a command that must succeed, and parses its JSON.
    pub(crate) fn ask(&self, args: &[&str]) -> Result<Value> {
        let mut command = self.command(&[args, &["--json"]].concat());
        let ended = tokio::task::block_in_place(|| command.output()).context("hallpass runs")?;
        let why = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "`hallpass {}`: {why}", args.join(" "));
        Ok(serde_json::from_slice(&ended.stdout)?)
    }

    /// Makes a credential for these APIs.
    pub(crate) fn credential(&self, name: &str, api: &str) -> Result<Login> {
        let args = ["credential", "add", name, "--organization", ORGANIZATION, "--api", api];
        let made = self.ask(&args)?;
        Ok(Login { client_id: text(&made, "client_id")?, secret: text(&made, "client_secret")? })
    }
}

/// A member that is a string.
pub(crate) fn text(value: &Value, member: &str) -> Result<String> {
    let text = value[member].as_str().with_context(|| format!("no {member} in {value}"))?;
    Ok(text.to_owned())
}

/// An address of this machine where nobody listens.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
