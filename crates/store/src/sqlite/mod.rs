//! The store in one SQLite file, for one machine. Several processes may share the file: a
//! command line beside a running server is just another writer.

mod audit;
mod backup;
mod commit;
mod copy;
mod credentials;
mod load;
mod log;
mod migrate;
mod nodes;
mod notices;
mod open;
mod people;
mod prune;
mod readers;
mod receipts;
mod rows;
mod session;
mod sightings;
#[cfg(test)]
mod tests;
mod usage;
mod writer;

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use hallpass_core::{
    Api, Change, ClientId, Credential, Image, Installation, Mutation, Organization, OrganizationId,
    Timestamp,
    audit::{Actor, Event},
    change::Key,
    ring::Ring,
    usage::{Sighting, Usage},
};

pub use self::{
    backup::{make_backup, open_backup},
    open::Options,
};
use self::{
    migrate::Behind,
    open::Absent,
    readers::{Poll, Readers},
    session::{Purpose, Session},
    writer::Writer,
};
use crate::{
    AuditFilter, Chain, Counts, CredentialCounts, CredentialFilter, DailyUsage, Feed, LastUsed,
    Newest, Part, Plan, Pool, Pruned, Retention, Store, StoreError, columns::USAGE_STEP,
    counters::Counters, document,
};

/// The store in one SQLite file. Dropping it finishes the writes that wait.
pub struct SqliteStore {
    // Dropped first: the last connection to close tidies the write-ahead log away.
    readers: Readers,
    poll: Poll,
    writer: Writer,
    counters: Arc<Counters>,
}

impl SqliteStore {
    /// Opens the database, and makes it if there is none: readable by its owner alone. Blocks
    /// while the schema is brought up to date.
    ///
    /// Fails with [`StoreError::Place`], [`StoreError::Newer`] or
    /// [`StoreError::EditedMigration`] when this binary cannot use what is there.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        Self::start(path, options, (Absent::Make, Behind::Upgrade))
    }

    /// Opens a database that must be there already, as a command line tool should: with the schema
    /// that this binary needs, or a newer one that it works with. Otherwise like [`Self::open`].
    ///
    /// Fails with [`StoreError::Older`], too.
    pub fn open_existing(path: &Path, options: Options) -> Result<Self, StoreError> {
        Self::start(path, options, (Absent::Refuse, Behind::Refuse))
    }

    /// What the database has, and what this binary would do to its schema. Changes nothing.
    pub fn plan(path: &Path, options: Options) -> Result<Plan, StoreError> {
        let path = open::find(path, Absent::Refuse)?;
        let counters = Arc::new(Counters::default());
        let session = Session::connect(&path, Purpose::Read, options.busy_timeout, &counters)?;
        migrate::refuse_foreign(&session, &path)?;
        migrate::plan(&session, migrate::MIGRATIONS)
    }

    /// Brings the schema up to date, and returns what was to be done.
    pub fn upgrade(path: &Path, options: Options) -> Result<Plan, StoreError> {
        let plan = Self::plan(path, options)?;
        Self::start(path, options, (Absent::Refuse, Behind::Upgrade))?;
        Ok(plan)
    }

    fn start(
        path: &Path,
        options: Options,
        (absent, behind): (Absent, Behind),
    ) -> Result<Self, StoreError> {
        let path = open::find(path, absent)?;
        let counters = Arc::new(Counters::default());
        let session = open::writer(&path, options, behind, &counters)?;
        Ok(Self {
            poll: Poll::new(&path, counters.clone())?,
            writer: Writer::start(session, counters.clone())?,
            readers: Readers::new(path, options.busy_timeout, counters.clone()),
            counters,
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError> {
        let (mutation, actor) = (mutation.clone(), actor.clone());
        let work = move |session: &_| commit::commit(session, &mutation, &actor, at);
        let change = self.writer.run(work).await?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(change)
    }

    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError> {
        let key = key.clone();
        self.readers.run(move |session| rows::image(session, &key)).await
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        self.readers.run(rows::installation).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.readers.run(rows::organizations).await
    }

    async fn apis(&self) -> Result<Vec<Api>, StoreError> {
        self.readers.run(rows::apis).await
    }

    async fn rings(&self) -> Result<Vec<Ring>, StoreError> {
        self.readers.run(rows::rings).await
    }

    async fn credentials(
        &self,
        filter: &CredentialFilter,
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        let work = move |session: &_| credentials::page(session, &filter, after.as_ref(), limit);
        self.readers.run(work).await
    }

    async fn newest_credentials(
        &self,
        filter: &CredentialFilter,
        before: Option<&Newest>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        let (filter, before) = (filter.clone(), before.cloned());
        let work = move |session: &_| credentials::newest(session, &filter, before.as_ref(), limit);
        self.readers.run(work).await
    }

    async fn count_credentials(&self, filter: &CredentialFilter) -> Result<u64, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |session| credentials::count(session, &filter)).await
    }

    async fn credential_counts(
        &self,
        of: Option<&OrganizationId>,
    ) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError> {
        let of = of.cloned();
        self.readers.run(move |session| credentials::counts(session, of.as_ref())).await
    }

    async fn load(&self, sink: &mut (dyn FnMut(Part) + Send)) -> Result<(), StoreError> {
        load::load(&self.readers, sink).await
    }

    async fn feed(&self) -> Result<Feed, StoreError> {
        self.readers.run(|session| session.at_one_moment(log::feed)).await
    }

    async fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.readers.run(move |session| log::changes_after(session, seq, limit)).await
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        self.poll.last_seq()
    }

    async fn changed_since(&self, seen: u64) -> Result<bool, StoreError> {
        Ok(self.poll.last_seq()? != seen)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ClientId>, StoreError> {
        self.readers.run(move |session| credentials::due(session, now, limit)).await
    }

    async fn prune(&self, now: Timestamp, keep: &Retention) -> Result<Pruned, StoreError> {
        let keep = *keep;
        let mut sum = Pruned::default();
        loop {
            let done = self.writer.run(move |session| prune::step(session, now, &keep)).await?;
            if sum.add(done, prune::STEP) {
                return Ok(sum);
            }
        }
    }

    async fn record_usage(&self, rows: &[Usage]) -> Result<(), StoreError> {
        for rows in rows.chunks(USAGE_STEP) {
            let rows = rows.to_vec();
            self.writer.run(move |session| usage::add(session, &rows)).await?;
        }
        Ok(())
    }

    async fn usage(&self, client_id: &ClientId, since_hour: u64) -> Result<Vec<Usage>, StoreError> {
        let client_id = client_id.clone();
        self.readers.run(move |session| usage::of(session, &client_id, since_hour)).await
    }

    async fn last_used(&self, client_id: &ClientId) -> Result<Vec<LastUsed>, StoreError> {
        let client_id = client_id.clone();
        self.readers.run(move |session| usage::last_used(session, &client_id)).await
    }

    async fn last_used_of(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Vec<(ClientId, LastUsed)>, StoreError> {
        let ids = document::write(&client_ids, "a list of ids")?;
        self.readers.run(move |session| usage::last_used_of(session, &ids)).await
    }

    async fn daily_usage(
        &self,
        client_ids: &[ClientId],
        since_day: u64,
    ) -> Result<Vec<DailyUsage>, StoreError> {
        let ids = document::write(&client_ids, "a list of ids")?;
        self.readers.run(move |session| usage::daily(session, &ids, since_day)).await
    }

    async fn record_sightings(&self, rows: &[Sighting]) -> Result<(), StoreError> {
        for rows in rows.chunks(USAGE_STEP) {
            let rows = rows.to_vec();
            self.writer.run(move |session| sightings::add(session, &rows)).await?;
        }
        Ok(())
    }

    async fn sightings(&self, client_id: &ClientId) -> Result<Vec<Sighting>, StoreError> {
        let client_id = client_id.clone();
        self.readers.run(move |session| sightings::of(session, &client_id)).await
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |session| audit::page(session, &filter, before_seq, limit)).await
    }

    async fn verify_audit_chain(&self) -> Result<Chain, StoreError> {
        self.readers.run(audit::verify).await
    }

    fn counts(&self) -> Counts {
        self.counters.now()
    }

    fn pool(&self) -> Pool {
        Pool::default()
    }
}

/// Runs SQL in a database file behind the back of whoever has it open, and returns how many rows
/// it changed: for tests that need a state which no mutation makes, or not soon enough.
#[cfg(any(test, feature = "throwaway"))]
pub fn edit(path: &std::path::Path, sql: &str) -> Result<usize, StoreError> {
    Ok(rusqlite::Connection::open(path)?.execute(sql, [])?)
}
