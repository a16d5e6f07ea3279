//! `hallpass restore`: a database out of a backup. Everything is checked before the first row is
//! written, and nothing is written to a database that holds anything.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use hallpass_core::{Timestamp, age::Key};
use hallpass_store::{How, SqliteStore, sqlite};
use serde_json::json;

use super::copy::{self, Filled};
use crate::{
    config::Config,
    database::{Database, Written},
    installation,
    output::Output,
    sealed_file, when,
};

/// So many numbers of the revocation feed are left out, more than can have been given since the
/// backup was made: whatever a verifier has applied, it then notices that its knowledge is old.
const DEATHS_SKIPPED: u64 = 1_000_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file that `hallpass backup` made
    file: PathBuf,
    /// The empty database to fill; a file is made [default: the one that is set]
    #[arg(long, value_name = "DATABASE")]
    to: Option<Written>,
    /// The file that holds the password of --to, if it is not the one that is set
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
    /// The file of `age-keygen` with the private key of a recipient
    #[arg(long, value_name = "FILE")]
    identity_file: Option<PathBuf>,
    /// The file that holds the passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "identity_file")]
    passphrase_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let key = sealed_file::key(args.identity_file.as_deref(), args.passphrase_file.as_deref())?;
    // It goes when this is dropped, whatever came of it.
    let folder = tempfile::Builder::new().prefix("hallpass-restore-").tempdir();
    let folder = folder.context("there is no place for a copy of the backup; set TMPDIR")?;
    let (backup, made_at) = open(&args.file, key.as_ref(), folder.path())
        .with_context(|| args.file.display().to_string())?;

    let is_default = args.to.is_none();
    let local = copy::local(config, args.to, args.to_password_file.as_deref());
    let to = Database::of(&local)?;
    if is_default && to.path().is_some() {
        installation::make_dir(&local.data_dir)?;
    }
    let target = to.open_or_make(&local).await.context("the database to fill")?;
    let how = How { source_may_move: false, deaths_skipped: DEATHS_SKIPPED };
    let names = (&args.file.display() as _, &to as _);
    let filled = Filled::fill(&backup, &*target.whole(), how, names).await?;
    filled.warn_of_key(config)?;

    let begin = json!({
        "file": args.file,
        "database": to.to_string(),
        "made_at": when::utc(made_at),
    });
    output.print(&filled.value(begin), || {
        format!(
            "Restored {to} from the backup of {}: {}\n{}\n{}",
            when::utc(made_at),
            filled.rows(),
            filled.ends(),
            undone(made_at),
        )
    });
    Ok(())
}

/// What everybody must know who restores.
fn undone(made_at: Timestamp) -> String {
    format!(
        "Everything after {} is undone. Before you start the server:\n\
         - What was revoked since is alive again: revoke it again. If you cannot know what that \
         was, kill every signing key (hallpass key kill), and no token of before lives.\n\
         - Tokens of since cannot be told from new ones by their generation; killing the keys \
         kills them, too.\n\
         - Credentials and secrets of since are gone: their owners need new ones.\n\
         Verifiers take over the restored revocations by themselves.",
        when::utc(made_at)
    )
}

/// Opens a copy of the backup, checked.
fn open(file: &Path, key: Option<&Key>, folder: &Path) -> anyhow::Result<(SqliteStore, Timestamp)> {
    let clear = folder.join("backup.db");
    let mut from = BufReader::new(File::open(file)?);
    let mut to = File::create_new(&clear).context("cannot make a copy of it; set TMPDIR")?;
    match (sealed_file::is_one(&mut from)?, key) {
        (true, Some(key)) => sealed_file::open(&mut from, &mut to, key)?,
        (true, None) => {
            bail!("it is encrypted: name the key with --identity-file or --passphrase-file")
        }
        (false, Some(_)) => bail!("it is not encrypted; leave the key out if that is as it should"),
        (false, None) => {
            io::copy(&mut from, &mut to)?;
        }
    }
    drop(to);
    Ok(sqlite::open_backup(&clear)?)
}
