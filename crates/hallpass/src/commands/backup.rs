//! `hallpass backup`: a consistent copy of the database, beside a running server.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;

use crate::{config::Config, database::Opened, installation::Installation, output::Output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The copy: a new file
    file: PathBuf,
}

pub(super) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let Opened::File(store) = &installation.opened else {
        bail!(
            "this makes copies of a SQLite file; back a PostgreSQL database up with the tools of \
             its server, such as pg_dump"
        );
    };
    store.backup_to(&args.file).await?;
    output.print(&json!({ "file": args.file }), || {
        format!(
            "Copied the database to {}. It is of use only with the master key, of which keep a \
             copy elsewhere.",
            args.file.display()
        )
    });
    Ok(())
}
