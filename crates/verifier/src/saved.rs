//! The last keys and the last feed on disk, so that a verifier starts without its issuer. Files
//! are replaced as a whole or not at all; one that is damaged, or of another issuer, is never
//! believed. Whoever can write into the folder can put in keys of his own: guard it as the binary.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use hallpass_token::{
    feed::{Entry, ReadSnapshot, Snapshot},
    revocation::Handle,
};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use crate::{
    feed::SNAPSHOT_MOST_BYTES,
    metadata::{Issuer, Metadata},
    status::LastError,
};

const VERSION: u32 = 1;

/// Where state is saved.
pub(crate) struct Saved {
    folder: PathBuf,
    issuer: String,
    name: String,
    /// One writer at a time.
    writing: Mutex<()>,
    pub(crate) last_error: LastError,
}

/// Keys with where they came from.
#[derive(Deserialize, Serialize)]
struct KeysFile {
    version: u32,
    #[serde(flatten)]
    metadata: Metadata,
    /// The JWK Set as it was published.
    jwks: String,
}

/// What stands around the snapshot.
#[derive(Deserialize)]
struct FeedHead {
    version: u32,
    issuer: String,
}

#[derive(Serialize)]
struct FeedFile<'a> {
    version: u32,
    issuer: &'a str,
    seq: u64,
    as_of: u64,
    entries: &'a [Entry],
}

#[derive(Debug, thiserror::Error)]
enum Damaged {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Content(String),
}

impl Saved {
    /// In `folder`, which is made if it is missing. Several issuers may share it.
    pub(crate) fn open(folder: &Path, issuer: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            issuer: issuer.to_owned(),
            name: Handle::of(issuer).to_string(),
            writing: Mutex::default(),
            last_error: LastError::default(),
        })
    }

    /// The saved metadata and JWK Set.
    pub(crate) fn keys(&self, issuer: &Issuer) -> Option<(Metadata, Vec<u8>)> {
        self.load("keys", |bytes| {
            let file: KeysFile = serde_json::from_slice(&bytes)?;
            check_version(file.version)?;
            let metadata = issuer.accept(file.metadata);
            Ok((metadata.map_err(|e| Damaged::Content(e.to_string()))?, file.jwks.into_bytes()))
        })
    }

    /// The saved feed.
    pub(crate) fn feed(&self) -> Option<ReadSnapshot> {
        self.load("feed", |bytes| {
            let head: FeedHead = serde_json::from_slice(&bytes)?;
            check_version(head.version)?;
            if head.issuer != self.issuer {
                return Err(Damaged::Content("it is of another issuer".to_owned()));
            }
            Snapshot::from_json(&bytes).map_err(|e| Damaged::Content(e.to_string()))
        })
    }

    /// Saves keys.
    pub(crate) fn keep_keys(&self, metadata: &Metadata, jwks: &[u8]) {
        let jwks = String::from_utf8_lossy(jwks).into_owned();
        self.keep("keys", &KeysFile { version: VERSION, metadata: metadata.clone(), jwks });
    }

    /// Saves the feed.
    pub(crate) fn keep_feed(&self, snapshot: &Snapshot) {
        let Snapshot { seq, as_of, ref entries } = *snapshot;
        self.keep(
            "feed",
            &FeedFile { version: VERSION, issuer: &self.issuer, seq, as_of, entries },
        );
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("hallpass-{what}-{}.json", self.name))
    }

    /// None when there is nothing usable; what is damaged is reported and left where it is.
    fn load<T>(&self, what: &str, read: impl Fn(Vec<u8>) -> Result<T, Damaged>) -> Option<T> {
        let path = self.path(what);
        let got = match read_bounded(&path) {
            Err(Damaged::Io(e)) if e.kind() == io::ErrorKind::NotFound => return None,
            got => got.and_then(read),
        };
        got.inspect_err(|damaged| {
            let path = path.display();
            error!("The saved state in {path} is damaged and not used: {damaged}");
            self.last_error.note(&format_args!("{path}: {damaged}"));
        })
        .ok()
    }

    fn keep(&self, what: &str, content: &impl Serialize) {
        let written = serde_json::to_vec(content).map_err(io::Error::from).and_then(|bytes| {
            let _alone = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            replace(&self.path(what), &bytes)
        });
        match written {
            Ok(()) => self.last_error.clear(),
            Err(e) => {
                if self.last_error.note(&e) {
                    warn!("Cannot save the {what} in {}: {e}", self.folder.display());
                }
            }
        }
    }
}

fn check_version(version: u32) -> Result<(), Damaged> {
    if version == VERSION {
        return Ok(());
    }
    Err(Damaged::Content(format!("it is of version {version}, not {VERSION}")))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Damaged> {
    let mut bytes = Vec::new();
    let most = SNAPSHOT_MOST_BYTES as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == most {
        return Err(Damaged::Content("it is too long".to_owned()));
    }
    Ok(bytes)
}

/// The file has the old content or the new one, whenever the power goes.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Processes may share the folder.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
