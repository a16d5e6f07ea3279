//! The store in a PostgreSQL database, for many nodes. It keeps to what distributed databases of
//! the same protocol have, too (docs/decisions/0018-many-nodes-one-counter-row.md).

mod address;
mod again;
mod audit;
mod checkup;
mod commit;
mod connect;
mod copy;
mod credentials;
mod failure;
mod hosts;
mod load;
mod log;
mod migrate;
mod nodes;
mod notices;
mod people;
mod prune;
mod receipts;
mod rows;
mod session;
mod sightings;
#[cfg(test)]
mod tests;
mod usage;
mod writer;

use std::sync::{Arc, atomic::Ordering};

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
    address::{Address, Options},
    checkup::Checkup,
};
use self::{
    again::again,
    connect::{Connections, Lane},
    migrate::{Absent, MIGRATIONS},
    session::{Session, Values},
    writer::Writer,
};
use crate::{
    AuditFilter, Chain, Counts, CredentialCounts, CredentialFilter, DailyUsage, Feed, LastUsed,
    Newest, Part, Plan, Pool, Pruned, Retention, Store, StoreError, columns::USAGE_STEP,
    counters::Counters,
};

/// The store in a PostgreSQL database. Any number of nodes may open the same one.
pub struct PostgresStore {
    reads: Lane,
    polls: Lane,
    writer: Writer,
    counters: Arc<Counters>,
}

impl PostgresStore {
    /// Opens the database, and brings its schema up to date. Waits a while for a server that does
    /// not answer yet.
    ///
    /// Fails with [`StoreError::Unusable`], [`StoreError::Newer`] or
    /// [`StoreError::EditedMigration`] when this binary cannot use what is there.
    pub async fn open(address: &Address, options: &Options) -> Result<Self, StoreError> {
        Self::start(address, options, Absent::Make).await
    }

    /// Opens a database that must have been set up already, as a command line tool should: with
    /// the schema that this binary needs, or a newer one that it works with. Otherwise like
    /// [`Self::open`].
    ///
    /// Fails with [`StoreError::Older`], too.
    pub async fn open_existing(address: &Address, options: &Options) -> Result<Self, StoreError> {
        Self::start(address, options, Absent::Refuse).await
    }

    /// What the database has, and what this binary would do to its schema. Changes nothing.
    pub async fn plan(address: &Address, options: &Options) -> Result<Plan, StoreError> {
        let connections = Connections::new(address, options, &Arc::default())?;
        migrate::plan(&connections.reads, MIGRATIONS, &address.to_string()).await
    }

    /// Brings the schema up to date, and returns what was to be done.
    pub async fn upgrade(address: &Address, options: &Options) -> Result<Plan, StoreError> {
        let plan = Self::plan(address, options).await?;
        Self::start(address, options, Absent::Upgrade).await?;
        Ok(plan)
    }

    async fn start(
        address: &Address,
        options: &Options,
        absent: Absent,
    ) -> Result<Self, StoreError> {
        let counters = Arc::new(Counters::default());
        let Connections { reads, writes, polls } = Connections::new(address, options, &counters)?;
        let place = (&*address.to_string(), options.connect_timeout);
        migrate::apply(&writes, MIGRATIONS, absent, place).await?;
        let writer = Writer::start(writes, counters.clone());
        Ok(Self { reads, polls, writer, counters })
    }

    /// Asks the server for its usual misconfigurations.
    pub async fn checkup(&self) -> Result<Checkup, StoreError> {
        Ok(checkup::look(&self.session().await?).await?)
    }

    async fn session(&self) -> failure::Result<Session> {
        self.reads.session().await
    }

    /// One statement that is a transaction of its own.
    async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        again(&self.counters, || async { self.session().await?.execute(sql, values).await }).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError> {
        let change = self.writer.commit(mutation, actor, at).await?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(change)
    }

    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError> {
        Ok(rows::image(&self.session().await?, key).await?)
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        Ok(rows::installation(&self.session().await?).await?)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        Ok(rows::organizations(&self.session().await?).await?)
    }

    async fn apis(&self) -> Result<Vec<Api>, StoreError> {
        Ok(rows::apis(&self.session().await?).await?)
    }

    async fn rings(&self) -> Result<Vec<Ring>, StoreError> {
        Ok(rows::rings(&self.session().await?).await?)
    }

    async fn credentials(
        &self,
        filter: &CredentialFilter,
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        Ok(credentials::page(&self.session().await?, filter, after, limit).await?)
    }

    async fn newest_credentials(
        &self,
        filter: &CredentialFilter,
        before: Option<&Newest>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        Ok(credentials::newest(&self.session().await?, filter, before, limit).await?)
    }

    async fn count_credentials(&self, filter: &CredentialFilter) -> Result<u64, StoreError> {
        Ok(credentials::count(&self.session().await?, filter).await?)
    }

    async fn credential_counts(
        &self,
        of: Option<&OrganizationId>,
    ) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError> {
        Ok(credentials::counts(&self.session().await?, of).await?)
    }

    async fn load(&self, sink: &mut (dyn FnMut(Part) + Send)) -> Result<(), StoreError> {
        load::load(&self.reads, sink).await
    }

    async fn feed(&self) -> Result<Feed, StoreError> {
        Ok(log::feed(&self.session().await?).await?)
    }

    async fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        Ok(log::changes_after(&self.session().await?, seq, limit).await?)
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        self.counters.polls.fetch_add(1, Ordering::Relaxed);
        Ok(log::last_seq(&self.polls.session().await?).await?)
    }

    async fn changed_since(&self, seen: u64) -> Result<bool, StoreError> {
        Ok(self.last_seq().await? != seen)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ClientId>, StoreError> {
        Ok(credentials::due(&self.session().await?, now, limit).await?)
    }

    async fn prune(&self, now: Timestamp, keep: &Retention) -> Result<Pruned, StoreError> {
        let mut sum = Pruned::default();
        loop {
            let step = again(&self.counters, || async {
                let session = self.session().await?;
                session.transaction(prune::step(&session, now, keep)).await
            });
            if sum.add(step.await?, prune::STEP) {
                return Ok(sum);
            }
        }
    }

    async fn record_usage(&self, rows: &[Usage]) -> Result<(), StoreError> {
        for rows in rows.chunks(USAGE_STEP) {
            again(&self.counters, || async {
                let session = self.session().await?;
                session.transaction(usage::add(&session, rows)).await
            })
            .await?;
        }
        Ok(())
    }

    async fn usage(&self, client_id: &ClientId, since_hour: u64) -> Result<Vec<Usage>, StoreError> {
        Ok(usage::of(&self.session().await?, client_id, since_hour).await?)
    }

    async fn last_used(&self, client_id: &ClientId) -> Result<Vec<LastUsed>, StoreError> {
        Ok(usage::last_used(&self.session().await?, client_id).await?)
    }

    async fn last_used_of(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Vec<(ClientId, LastUsed)>, StoreError> {
        Ok(usage::last_used_of(&self.session().await?, client_ids).await?)
    }

    async fn daily_usage(
        &self,
        client_ids: &[ClientId],
        since_day: u64,
    ) -> Result<Vec<DailyUsage>, StoreError> {
        Ok(usage::daily(&self.session().await?, client_ids, since_day).await?)
    }

    async fn record_sightings(&self, rows: &[Sighting]) -> Result<(), StoreError> {
        for rows in rows.chunks(USAGE_STEP) {
            again(&self.counters, || async {
                let session = self.session().await?;
                session.transaction(sightings::add(&session, rows)).await
            })
            .await?;
        }
        Ok(())
    }

    async fn sightings(&self, client_id: &ClientId) -> Result<Vec<Sighting>, StoreError> {
        Ok(sightings::of(&self.session().await?, client_id).await?)
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        Ok(audit::page(&self.session().await?, filter, before_seq, limit).await?)
    }

    async fn verify_audit_chain(&self) -> Result<Chain, StoreError> {
        Ok(audit::verify(&self.session().await?).await?)
    }

    fn counts(&self) -> Counts {
        self.counters.now()
    }

    fn pool(&self) -> Pool {
        let lanes = [self.reads.pool(), self.polls.pool(), self.writer.pool()];
        lanes.into_iter().fold(Pool::default(), |sum, lane| Pool {
            at_most: sum.at_most + lane.at_most,
            in_use: sum.in_use + lane.in_use,
            idle: sum.idle + lane.idle,
            awaited: sum.awaited + lane.awaited,
        })
    }
}
