//! Where the state is kept: a file on this machine, or a PostgreSQL server. The one place that
//! knows both. A password in the address must never be shown.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use hallpass_store::{
    Plan, PostgresStore, SqliteStore, Store, StoreError, Whole,
    postgres::{Address, Options},
    sqlite,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::LocalConfig;

/// The setting as it was written.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(transparent)]
pub(crate) struct Written(String);

impl FromStr for Written {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without user and password.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains("://") || self.0.starts_with("sqlite://") {
            return f.write_str(&self.0);
        }
        match self.0.parse::<Address>() {
            Ok(address) => address.fmt(f),
            Err(_) => f.write_str("[not a database's URL]"),
        }
    }
}

/// Where the state is kept.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// In a file.
    File(PathBuf),
    /// On a server, which other nodes may share.
    Server(Box<Address>),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(address) => address.fmt(f),
        }
    }
}

/// An opened database.
#[derive(Clone)]
pub(crate) enum Opened {
    File(Arc<SqliteStore>),
    Server(Arc<PostgresStore>),
}

impl Opened {
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => store.clone(),
            Self::Server(store) => store.clone(),
        }
    }

    /// To be copied, or filled.
    pub(crate) fn whole(&self) -> Arc<dyn Whole> {
        match self {
            Self::File(store) => store.clone(),
            Self::Server(store) => store.clone(),
        }
    }
}

impl Database {
    /// What the settings say.
    pub(crate) fn of(local: &LocalConfig) -> anyhow::Result<Self> {
        let Some(Written(text)) = &local.database else {
            return Ok(Self::File(local.data_dir.join("hallpass.db")));
        };
        if Address::is_one(text) {
            return Ok(Self::Server(Box::new(text.parse()?)));
        }
        let path = text.strip_prefix("sqlite://").unwrap_or(text);
        if path.is_empty() || path.contains("://") {
            bail!("database must be a postgres:// URL, a sqlite:// URL, or the path of a file");
        }
        Ok(Self::File(path.into()))
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }

    /// Opens it, and makes it if it is not there.
    pub(crate) async fn open_or_make(&self, local: &LocalConfig) -> Result<Opened, StoreError> {
        Ok(match self {
            Self::File(path) => {
                Opened::File(Arc::new(SqliteStore::open(path, sqlite::Options::default())?))
            }
            Self::Server(address) => {
                Opened::Server(Arc::new(PostgresStore::open(address, &options(local)).await?))
            }
        })
    }

    /// Opens it if it has been set up.
    pub(crate) async fn open(&self, local: &LocalConfig) -> anyhow::Result<Opened> {
        self.refuse_absent()?;
        Ok(match self {
            Self::File(path) => {
                let options = sqlite::Options::default();
                Opened::File(Arc::new(SqliteStore::open_existing(path, options)?))
            }
            Self::Server(address) => {
                let store = PostgresStore::open_existing(address, &options(local)).await?;
                Opened::Server(Arc::new(store))
            }
        })
    }

    /// What would be done to its schema.
    pub(crate) async fn plan(&self, local: &LocalConfig) -> anyhow::Result<Plan> {
        self.refuse_absent()?;
        Ok(match self {
            Self::File(path) => SqliteStore::plan(path, sqlite::Options::default())?,
            Self::Server(address) => PostgresStore::plan(address, &options(local)).await?,
        })
    }

    /// Brings its schema up to date, and says what was to be done.
    pub(crate) async fn upgrade(&self, local: &LocalConfig) -> anyhow::Result<Plan> {
        self.refuse_absent()?;
        Ok(match self {
            Self::File(path) => SqliteStore::upgrade(path, sqlite::Options::default())?,
            Self::Server(address) => PostgresStore::upgrade(address, &options(local)).await?,
        })
    }

    /// A server says by itself that a database is not there.
    fn refuse_absent(&self) -> anyhow::Result<()> {
        if let Some(path) = self.path().filter(|path| !path.exists()) {
            bail!(
                "there is no Hallpass database at {}; run `hallpass init` there, or name the \
                 right directory with --data-dir",
                path.display()
            );
        }
        Ok(())
    }
}

fn options(local: &LocalConfig) -> Options {
    Options {
        connections_at_most: local.database_connections_at_most,
        statement_timeout: Duration::from_secs(local.database_statement_timeout_s),
        connect_timeout: Duration::from_secs(local.database_connect_timeout_s),
        root_cert: local.database_root_cert.clone(),
        password_file: local.database_password_file.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        let of = |text: &str| {
            let database = Some(Written(text.to_owned()));
            Database::of(&LocalConfig { database, ..LocalConfig::default() })
        };
        for (text, shown) in [
            ("sqlite:///var/lib/hallpass/a.db", "/var/lib/hallpass/a.db"),
            ("sqlite://a.db", "a.db"),
            ("some/a.db", "some/a.db"),
            ("postgres://me:s3cret@db.example/hallpass", "postgres://db.example:5432/hallpass"),
        ] {
            assert_eq!(of(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "sqlite://", "mysql://me:s3cret@a/b", "postgres://me:s3cret@a:b/c"] {
            let why = format!("{:#}", of(text).unwrap_err());
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in
            ["postgres://me:s3cret@db/x", "postgres://me:s3cret@db:x/x", "pg://me:s3cret@db"]
        {
            let written = Written(text.to_owned());
            let shown = format!("{written} {written:?} {}", serde_json::json!(written));
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
