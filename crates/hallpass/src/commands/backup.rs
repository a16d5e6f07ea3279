//! `hallpass backup`: the whole installation in one file that says what it holds, encrypted on
//! request. It has its name only once it is whole and on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use hallpass_core::age::{Lock, Recipient};
use hallpass_store::{How, SqliteStore, sqlite};
use serde_json::json;

use super::copy::Filled;
use crate::{config::Config, installation::now, output::Output, sealed_file};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The backup: a new file
    file: PathBuf,
    /// Encrypt it to whoever has the private key of this recipient of `age-keygen`; may be
    /// repeated
    #[arg(long, value_name = "AGE1…")]
    recipient: Vec<Recipient>,
    /// Encrypt it under the passphrase in this file
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    passphrase_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let lock = sealed_file::lock(args.recipient, args.passphrase_file.as_deref())?;
    let database = config.database()?;
    let opened = database.open(&config.local).await?;
    let made_at = now();
    let work = Unfinished::begin(&args.file)?;
    let filled = {
        let to = SqliteStore::open(&work.clear, sqlite::Options::default())?;
        let how = How { source_may_move: true, ..How::default() };
        let names: (&dyn std::fmt::Display, _) = (&database, &args.file.display() as _);
        Filled::fill(&*opened.whole(), &to, how, names).await?
    };
    sqlite::make_backup(&work.clear, made_at)?;
    let is_encrypted = lock.is_some();
    work.finish(lock.as_ref())?;

    let value = filled.value(json!({ "file": args.file, "encrypted": is_encrypted }));
    output.print(&value, || {
        let encrypted = if is_encrypted { "an encrypted" } else { "a" };
        format!(
            "Made {encrypted} backup at {}: {}\n{}\nIt is of use only with that key, of which keep \
             a copy elsewhere.",
            args.file.display(),
            filled.rows(),
            filled.ends(),
        )
    });
    Ok(())
}

/// A backup that has no name yet. What there is of it goes when this is dropped.
struct Unfinished {
    file: PathBuf,
    /// Where it is made.
    clear: PathBuf,
    /// Where it is encrypted.
    sealed: PathBuf,
}

impl Unfinished {
    /// Takes the names beside the backup's own.
    fn begin(file: &Path) -> anyhow::Result<Self> {
        let taken = |path: &Path| path.symlink_metadata().is_ok();
        if taken(file) {
            bail!("there is a file at {} already; choose another name", file.display());
        }
        let (clear, sealed) = (beside(file, ".part"), beside(file, ".sealed.part"));
        if let Some(left) = [&clear, &sealed].into_iter().find(|path| taken(path)) {
            bail!(
                "{} is there: another backup is being made to this name, or one was killed. Remove \
                 it if none is running, or choose another name",
                left.display()
            );
        }
        make(&clear)?;
        Ok(Self { file: file.to_owned(), clear, sealed })
    }

    /// Gives it its name.
    fn finish(self, lock: Option<&Lock>) -> anyhow::Result<()> {
        let whole = match lock {
            None => &self.clear,
            Some(lock) => {
                let mut to = make(&self.sealed)?;
                sealed_file::seal(&self.clear, &mut to, lock)
                    .with_context(|| format!("cannot write {}", self.sealed.display()))?;
                &self.sealed
            }
        };
        let context = || format!("cannot make {}", self.file.display());
        // A second name, rather than another one: this never takes the place of a file.
        match fs::hard_link(whole, &self.file) {
            Err(why) if why.kind() != ErrorKind::AlreadyExists => {
                // Some file systems know one name a file only.
                fs::rename(whole, &self.file).with_context(context)?;
            }
            linked => linked.with_context(context)?,
        }
        let folder = match self.file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        File::open(folder).and_then(|folder| folder.sync_all()).with_context(context)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let of_sqlite = ["-wal", "-shm", "-journal"].map(|ending| beside(&self.clear, ending));
        for path in [&self.clear, &self.sealed].into_iter().chain(&of_sqlite) {
            // Most of them are not there, and nobody could do anything about the others.
            let _ = fs::remove_file(path);
        }
    }
}

/// The file beside another one whose name ends so too.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A new file that only its owner can read.
fn make(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.with_context(|| format!("{} cannot be made", path.display()))
}
