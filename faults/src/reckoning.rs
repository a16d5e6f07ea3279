//! The reckoning: what the database has, against what was acknowledged. It reads through a store
//! of its own, and looks at nothing that a node keeps in memory.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::PathBuf,
    sync::Arc,
};

use anyhow::Result;
use hallpass_core::{
    Change, Credential, Image, Timestamp,
    change::{Effect, Key},
    credential::{PENDING_S, Status},
};
use hallpass_store::{
    Chain, CredentialFilter, PostgresStore, SqliteStore, Store,
    postgres::{self, Address},
    sqlite,
};

use crate::ledger::{Account, State};

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    File(PathBuf),
    Server(String),
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Reckoning {
    pub(crate) changes: u64,
    acknowledged: usize,
    uncertain: usize,
    credentials: usize,
    pending: usize,
    pub(crate) broken: Vec<String>,
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { changes, acknowledged, uncertain, credentials, pending, broken } = self;
        write!(
            f,
            "{changes} changes without a gap, {credentials} credentials, of which {acknowledged} \
             accounts are certain and {uncertain} not, {pending} pending; {} broken",
            broken.len()
        )
    }
}

impl Database {
    async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(match self {
            Self::File(path) => {
                Arc::new(SqliteStore::open_existing(path, sqlite::Options::default())?)
            }
            Self::Server(url) => {
                let address: Address = url.parse()?;
                let options = postgres::Options::default();
                Arc::new(PostgresStore::open_existing(&address, &options).await?)
            }
        })
    }

    /// Compares. Nobody may write meanwhile but the nodes' own housekeeping.
    pub(crate) async fn reckon(&self, accounts: &[Account]) -> Result<Reckoning> {
        let store = self.open().await?;
        let mut found = Reckoning::default();
        let rows = all(&*store).await?;
        found.credentials = rows.len();
        found.log(&*store, &rows).await?;
        found.accounts(&rows, accounts);
        found.pending(&*store, &rows).await?;
        Ok(found)
    }
}

async fn all(store: &dyn Store) -> Result<Vec<Credential>> {
    let mut rows: Vec<Credential> = Vec::new();
    loop {
        let after = rows.last().map(|last| last.client_id.clone());
        let page = store.credentials(&CredentialFilter::default(), after.as_ref(), 1000).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

impl Reckoning {
    /// Numbers without a gap, a whole chain, and rows that are what the log says of them.
    async fn log(&mut self, store: &dyn Store, rows: &[Credential]) -> Result<()> {
        // It refuses to read on over some gaps.
        self.changes = store.last_seq().await?;
        let log = match store.changes_after(0, usize::MAX).await {
            Ok(log) => log,
            Err(why) => {
                self.broken.push(format!("a gap: {why}"));
                return Ok(());
            }
        };
        self.numbers(&log);
        match store.verify_audit_chain().await? {
            Chain::Whole { events } if events == self.changes => {}
            chain => {
                self.broken.push(format!("the audit log of {} changes: {chain:?}", self.changes))
            }
        }
        let mut last: HashMap<&str, Option<&Credential>> = HashMap::new();
        for change in &log {
            match &change.effect {
                Effect::Put(Image::Credential(put)) => {
                    last.insert(put.client_id.as_str(), Some(put));
                }
                Effect::Removed(Key::Credential(id)) => {
                    last.insert(id.as_str(), None);
                }
                _ => {}
            }
        }
        for row in rows {
            if last.remove(row.client_id.as_str()).flatten() != Some(row) {
                self.broken.push(format!("{}: the row is not what the log says", row.client_id));
            }
        }
        for (id, _) in last.into_iter().filter(|(_, put)| put.is_some()) {
            self.broken.push(format!("{id}: the log has it and there is no row"));
        }
        Ok(())
    }

    fn numbers(&mut self, log: &[Change]) {
        let mut wanted = 1..=self.changes;
        let whole = log.iter().all(|change| wanted.next() == Some(change.seq));
        if !whole || wanted.next().is_some() {
            let (first, last) = (log.first(), log.last());
            let ends = (first.map(|one| one.seq), last.map(|one| one.seq));
            self.broken.push(format!(
                "a gap: {} changes from {ends:?}, and the counter says {}",
                log.len(),
                self.changes
            ));
        }
    }

    /// What was acknowledged is there, once, in its last acknowledged state.
    fn accounts(&mut self, rows: &[Credential], accounts: &[Account]) {
        let mut by_name: HashMap<&str, Vec<&Credential>> = HashMap::new();
        for row in rows {
            by_name.entry(row.settings.name.as_str()).or_default().push(row);
        }
        for account in accounts {
            let rows = by_name.remove(&*account.name).unwrap_or_default();
            let state = State::of(rows.first().copied());
            match account.may_be[..] {
                [_] => self.acknowledged += 1,
                _ => self.uncertain += 1,
            }
            let id = rows.first().map(|row| row.client_id.as_str());
            let is_other = id.is_some_and(|id| account.client_id.as_deref().unwrap_or(id) != id);
            if rows.len() > 1 || is_other {
                let other = if is_other { ", under another id" } else { "" };
                self.broken.push(format!("{}: made {} times{other}", account.name, rows.len()));
            } else if !account.may_be.contains(&state) {
                let Account { name, may_be, .. } = account;
                self.broken
                    .push(format!("{name}: it is {state:?} and was acknowledged as {may_be:?}"));
            }
        }
    }

    /// Whatever is pending is in the list of what comes to its end by itself.
    async fn pending(&mut self, store: &dyn Store, rows: &[Credential]) -> Result<()> {
        let pending: Vec<_> =
            rows.iter().filter(|row| matches!(row.status, Status::Pending { .. })).collect();
        self.pending = pending.len();
        let latest = rows.iter().map(|row| row.created_at).max();
        let end = latest.unwrap_or(Timestamp::from_millis(0)).plus_secs(PENDING_S + 1);
        let due: HashSet<_> = store.due(end, usize::MAX).await?.into_iter().collect();
        for row in pending.into_iter().filter(|row| !due.contains(&row.client_id)) {
            self.broken.push(format!("{}: pending, and nobody will take it away", row.client_id));
        }
        Ok(())
    }
}
