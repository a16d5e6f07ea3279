//! The installation on this machine: its directory, its database and its master key.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use hallpass_core::{
    Change, Mutation, Timestamp,
    audit::Actor,
    vault::{MasterKey, OpenVault},
};
use hallpass_server::{
    clock::{Clock, SystemClock},
    entropy, first_start,
    management::{Act, Caller, own_api},
};
use hallpass_store::Store;

use crate::{
    config::Config,
    database::{Database, Opened},
};

/// The variable that may hold the master key itself.
const MASTER_KEY: &str = "HALLPASS_MASTER_KEY";

/// The master key's name among systemd's credentials.
const SYSTEMD_CREDENTIAL: &str = "hallpass-master-key";

/// An opened installation.
pub(crate) struct Installation {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) opened: Opened,
    pub(crate) vault: OpenVault,
    /// Whoever is at the command line.
    pub(crate) caller: Caller,
}

impl Installation {
    /// Opens it, and sets it up if it is new.
    pub(crate) async fn set_up(config: &Config) -> anyhow::Result<(Self, MasterKey)> {
        let database = config.database()?;
        if matches!(database, Database::File(_)) {
            make_dir(&config.local.data_dir)?;
        }
        let opened = database.open_or_make(&config.local).await?;
        let fresh = opened.store().installation().await?.vault.is_none();
        let master = match master_key(config)? {
            Some(key) => key,
            None if fresh => {
                make_dir(&config.local.data_dir)?;
                make_master_key(&default_key_file(config))?
            }
            None => bail!("{}", no_master_key(config)),
        };
        let (installation, master) = Self::with(opened, master).await?;
        let audience = config.server.url(own_api::PATH);
        own_api::ensure(&*installation.store, &audience, &installation.caller.actor, now()).await?;
        Ok((installation, master))
    }

    /// Opens it for a command, which never creates one by mistake.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Self::open_with_key(config).await?.0)
    }

    /// The same, with the master key that opened it.
    pub(crate) async fn open_with_key(config: &Config) -> anyhow::Result<(Self, MasterKey)> {
        let opened = config.database()?.open(&config.local).await?;
        let Some(master) = master_key(config)? else { bail!("{}", no_master_key(config)) };
        Self::with(opened, master).await
    }

    async fn with(opened: Opened, master: MasterKey) -> anyhow::Result<(Self, MasterKey)> {
        let actor = Actor::Operator { name: account() };
        let store = opened.store();
        let vault = first_start::open_vault(&*store, &master, &actor, now()).await?;
        let caller = Caller::at_the_machine(actor);
        Ok((Self { store, opened, vault, caller }, master))
    }

    /// Writes, as the person at the command line.
    pub(crate) async fn commit(&self, mutation: &Mutation) -> anyhow::Result<Change> {
        Ok(self.store.commit(mutation, &self.caller.actor, now()).await?)
    }

    /// An act of the person at the command line.
    pub(crate) fn act(&self) -> Act<'_> {
        Act::at_the_machine(&self.caller, &*self.store, &self.vault, now())
    }
}

/// The current time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The name of the account that runs this, for the audit log.
#[expect(clippy::disallowed_methods, reason = "the binary reads the environment")]
fn account() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    names.iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "unknown".to_owned())
}

pub(crate) fn make_dir(dir: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the data directory {}", dir.display()))
}

fn default_key_file(config: &Config) -> PathBuf {
    let local = &config.local;
    local.master_key_file.clone().unwrap_or_else(|| local.data_dir.join("master.key"))
}

fn no_master_key(config: &Config) -> String {
    format!(
        "the database exists but its master key does not: put it back at {}, or name it with \
         --master-key-file or {MASTER_KEY}",
        default_key_file(config).display()
    )
}

/// The master key from the environment, from systemd, or from its file; `None` if it is nowhere.
#[expect(clippy::disallowed_methods, reason = "the binary reads the environment")]
pub(crate) fn master_key(config: &Config) -> anyhow::Result<Option<MasterKey>> {
    if let Ok(text) = std::env::var(MASTER_KEY) {
        let text = zeroize::Zeroizing::new(text);
        return Ok(Some(MasterKey::from_text(&text).with_context(|| format!("in {MASTER_KEY}"))?));
    }
    let of_systemd = std::env::var("CREDENTIALS_DIRECTORY").ok();
    let of_systemd = of_systemd.map(|dir| Path::new(&dir).join(SYSTEMD_CREDENTIAL));
    let path = match of_systemd.filter(|path| path.exists()) {
        Some(path) if config.local.master_key_file.is_none() => path,
        _ => default_key_file(config),
    };
    read_master_key(&path)
}

/// Reads a master key from its file; `None` if there is no such file.
pub(crate) fn read_master_key(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => {
            return Err(why).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let key = MasterKey::from_text(&text).with_context(|| format!("in {}", path.display()))?;
    if is_open_to_others(path) {
        eprintln!(
            "hallpass: warning: {} can be read by other accounts; run: chmod 600 {0}",
            path.display()
        );
    }
    Ok(Some(key))
}

/// Whether other accounts may read a file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

/// Makes a master key, on disk before anything is sealed under it.
pub(crate) fn make_master_key(path: &Path) -> anyhow::Result<MasterKey> {
    let key = MasterKey::from_entropy(entropy::bytes());
    let context = || format!("cannot write the master key to {}", path.display());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(context)?;
    writeln!(file, "{}", *key.expose()).with_context(context)?;
    file.sync_all().with_context(context)?;
    Ok(key)
}
