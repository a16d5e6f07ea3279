//! Finding or making the database file. It is never readable by others, never made where it was
//! only to be opened, and never another program's database.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    migrate::{self, Behind},
    session::{Purpose, Session},
};
use crate::{StoreError, counters::Counters};

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long to wait while another process writes. Default: ten seconds.
    pub busy_timeout: Duration,
    /// The file may not grow beyond this number of pages (4096 bytes each); writes then fail
    /// with [`StoreError::Full`]. Default: no limit but the disk.
    pub pages_at_most: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), pages_at_most: None }
    }
}

/// Whether a database that is not there is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Absent {
    Make,
    Refuse,
}

/// The path of the database file, which exists when this returns.
pub(super) fn find(path: &Path, absent: Absent) -> Result<PathBuf, StoreError> {
    let refused = |why: String| StoreError::Place { path: path.to_owned(), why };
    let name = path.file_name().ok_or_else(|| refused("the path does not name a file".into()))?;
    let folder = folder(path);
    let folder = folder.canonicalize().map_err(|error| {
        refused(format!(
            "its directory {} cannot be used ({error}); make it first",
            folder.display()
        ))
    })?;
    // An absolute path can never be taken for one of SQLite's `file:` addresses.
    let full = folder.join(name);
    match fs::metadata(&full) {
        Ok(meta) if !meta.is_file() => Err(refused("it is not a file".into())),
        Ok(meta) if meta.len() == 0 && absent == Absent::Refuse => {
            Err(refused("the file is empty; start the server once, or correct the path".into()))
        }
        Ok(_) => Ok(full),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match absent {
            Absent::Make => make(&full)
                .map(|()| full)
                .map_err(|error| refused(format!("it cannot be made ({error})"))),
            Absent::Refuse => Err(refused(
                "there is none; start the server once to make it, or correct the path".into(),
            )),
        },
        Err(error) => Err(refused(error.to_string())),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Makes an empty file that only its owner can read. SQLite gives its log the same mode.
pub(super) fn make(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Two processes start at once: either may make it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        other => other?.sync_all()?,
    }
    // The name is on disk once the directory is.
    fs::File::open(folder(path))?.sync_all()
}

/// Connects for writing, switches to the write-ahead log and sees to it that the schema is up to
/// date.
pub(super) fn writer(
    path: &Path,
    options: Options,
    behind: Behind,
    counters: &Arc<Counters>,
) -> Result<Session, StoreError> {
    let session = Session::connect(path, Purpose::Write, options.busy_timeout, counters)?;
    migrate::refuse_foreign(&session, path)?;
    use_write_ahead_log(&session, options.busy_timeout)?;
    migrate::apply(&session, migrate::MIGRATIONS, behind)?;
    if let Some(pages) = options.pages_at_most {
        // The pragma answers with a row, which `execute` would refuse.
        session.first(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(session)
}

/// The mode is kept in the file, so only the first process ever changes it.
fn use_write_ahead_log(session: &Session, busy: Duration) -> Result<(), StoreError> {
    let mode = |sql| session.first(sql, [], |row| Ok(row.get::<_, String>(0)?));
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        if mode("PRAGMA journal_mode")?.as_deref() == Some("wal") {
            return Ok(());
        }
        // The switch needs the file alone, and SQLite does not wait for that by itself.
        match mode("PRAGMA journal_mode = WAL") {
            Ok(Some(now)) if now == "wal" => return Ok(()),
            Ok(now) if waited >= busy => {
                let now = now.unwrap_or_default();
                return Err(StoreError::Unavailable(format!(
                    "its journal is in mode {now} and cannot be switched to a write-ahead log; \
                     a network file system cannot hold it"
                )));
            }
            Err(error) if waited >= busy => return Err(error),
            Ok(_) | Err(StoreError::Unavailable(_)) => {
                std::thread::sleep(step);
                waited += step;
            }
            Err(error) => return Err(error),
        }
    }
}
