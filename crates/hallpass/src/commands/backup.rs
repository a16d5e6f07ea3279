//! `hallpass backup`: a consistent copy of the database, beside a running server.

use std::path::PathBuf;

use serde_json::json;

use crate::{config::Config, installation::Installation, output::Output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The copy: a new file
    file: PathBuf,
}

pub(super) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    installation.store.backup_to(&args.file).await?;
    output.print(&json!({ "file": args.file }), || {
        format!(
            "Copied the database to {}. It is of use only with the master key, of which keep a \
             copy elsewhere.",
            args.file.display()
        )
    });
    Ok(())
}
