//! A real OpenID Connect provider (npm's oidc-provider), as an organization runs one.

use std::{fs, process::Command};

use crate::{
    program::Program,
    site::{Site, free_port},
};

/// Holds what a form would have to encode.
const SECRET: &str = "s3cret of/the+client&";

/// A running provider.
pub(crate) struct Provider {
    _program: Program,
}

impl Provider {
    /// Starts one for the people of an organization, at example.com.
    pub(crate) fn start(site: &Site, organization: &str) -> Self {
        let port = free_port();
        let file = site.path("client-secret");
        fs::write(&file, SECRET).unwrap();
        let provider = format!("http://localhost:{port}");
        let set = site.ask(&[
            "sign-on",
            "set",
            organization,
            "--provider",
            &provider,
            "--client-id",
            "hallpass",
            "--client-secret-file",
            file.to_str().unwrap(),
            "--domain",
            "example.com",
        ]);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
        let mut command = Command::new("node");
        command.arg("provider.mjs").arg(port.to_string()).current_dir(folder);
        command.arg(set["redirect_uri"].as_str().unwrap()).arg(SECRET);
        let answers = |line: &str| line.contains("The provider answers").then_some(());
        let (program, ()) = Program::start(command, answers);
        Self { _program: program }
    }
}
