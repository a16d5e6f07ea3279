//! The store as one node sees it: the database at the other end of a line that may be slow, lose
//! what is sent, or be cut.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
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
use hallpass_store::{
    AuditFilter, Chain, Counts, CredentialCounts, CredentialFilter, DailyUsage, Feed, LastUsed,
    Newest, Part, Pool, Pruned, Retention, Store, StoreError,
};
use tokio::time::sleep;

use crate::{absent::absent, database::Database, fault::Fault, line::Line};

/// The store of one node.
pub(crate) struct NodeStore {
    database: Arc<Database>,
    line: Arc<Line>,
    fault: Option<Fault>,
    /// For [`Fault::StaleReads`]: what it pretends to be the end of the log.
    stale_at: AtomicU64,
}

impl NodeStore {
    /// The database, at the other end of a line.
    pub(crate) fn new(database: Arc<Database>, line: Arc<Line>, fault: Option<Fault>) -> Self {
        Self { database, line, fault, stale_at: AtomicU64::new(u64::MAX) }
    }

    /// One way.
    async fn cross(&self) -> Result<(), StoreError> {
        sleep(self.line.delay()).await;
        if !self.line.is_up() {
            sleep(self.line.patience()).await;
            return Err(StoreError::Unavailable("the line is cut".to_owned()));
        }
        if self.line.mishap(6) {
            return Err(StoreError::Unavailable("the connection broke".to_owned()));
        }
        Ok(())
    }

    /// There, `ask`, and back.
    async fn ask<T>(
        &self,
        ask: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.cross().await?;
        let answer = ask(&self.database);
        self.cross().await?;
        answer
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The end of the log as a read sees it.
    fn end(&self) -> u64 {
        let end = self.database.last_seq();
        if !self.has(Fault::StaleReads) {
            return end;
        }
        if self.line.chance(30) {
            // From here on it stands still for a while.
            self.stale_at.store(end, Ordering::Relaxed);
        } else if self.line.chance(30) {
            self.stale_at.store(u64::MAX, Ordering::Relaxed);
        }
        end.min(self.stale_at.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Store for NodeStore {
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError> {
        self.cross().await?;
        let pretend = self.has(Fault::AcknowledgedBeforeCommit) && self.line.chance(8);
        let change = self.database.commit(mutation, actor, at, pretend)?;
        match self.cross().await {
            Ok(()) if !self.line.mishap(3) => Ok(change),
            _ => Err(StoreError::Uncertain("the acknowledgement was lost".to_owned())),
        }
    }

    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError> {
        self.ask(|database| Ok(database.image(key))).await
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        self.ask(|database| Ok(database.rows().1.installation)).await
    }

    async fn load(&self, sink: &mut (dyn FnMut(Part) + Send)) -> Result<(), StoreError> {
        self.cross().await?;
        let (rows, snapshot) = self.database.rows();
        let is_credential = |row: &Image| matches!(row, Image::Credential(_));
        let (credentials, few): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_credential);
        few.into_iter().map(Part::Image).for_each(&mut *sink);
        sink(Part::Snapshot(snapshot));
        for credential in credentials {
            // They come one by one, and meanwhile the world goes on.
            self.cross().await?;
            sink(Part::Image(credential));
        }
        Ok(())
    }

    async fn feed(&self) -> Result<Feed, StoreError> {
        self.ask(|database| Ok(database.feed())).await
    }

    async fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let mut changes = self.ask(|database| database.changes_after(seq, limit)).await?;
        let end = self.end();
        changes.retain(|change| change.seq <= end);
        if self.has(Fault::DroppedChange) && changes.len() > 1 && self.line.chance(4) {
            changes.remove(0);
        }
        Ok(changes)
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        self.ask(|database| Ok(database.last_seq())).await
    }

    async fn changed_since(&self, seen: u64) -> Result<bool, StoreError> {
        if self.has(Fault::ClaimedFreshness) && !self.line.is_up() {
            return Ok(false);
        }
        self.cross().await?;
        let end = self.end();
        self.cross().await?;
        Ok(end != seen)
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }

    fn pool(&self) -> Pool {
        Pool::default()
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        absent()
    }

    async fn apis(&self) -> Result<Vec<Api>, StoreError> {
        absent()
    }

    async fn rings(&self) -> Result<Vec<Ring>, StoreError> {
        absent()
    }

    async fn credentials(
        &self,
        _filter: &CredentialFilter,
        _after: Option<&ClientId>,
        _limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        absent()
    }

    async fn newest_credentials(
        &self,
        _filter: &CredentialFilter,
        _before: Option<&Newest>,
        _limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        absent()
    }

    async fn count_credentials(&self, _filter: &CredentialFilter) -> Result<u64, StoreError> {
        absent()
    }

    async fn credential_counts(
        &self,
        _of: Option<&OrganizationId>,
    ) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError> {
        absent()
    }

    async fn due(&self, _now: Timestamp, _limit: usize) -> Result<Vec<ClientId>, StoreError> {
        absent()
    }

    async fn prune(&self, _now: Timestamp, _keep: &Retention) -> Result<Pruned, StoreError> {
        absent()
    }

    async fn record_usage(&self, _rows: &[Usage]) -> Result<(), StoreError> {
        absent()
    }

    async fn usage(
        &self,
        _client_id: &ClientId,
        _since_hour: u64,
    ) -> Result<Vec<Usage>, StoreError> {
        absent()
    }

    async fn last_used(&self, _client_id: &ClientId) -> Result<Vec<LastUsed>, StoreError> {
        absent()
    }

    async fn last_used_of(
        &self,
        _client_ids: &[ClientId],
    ) -> Result<Vec<(ClientId, LastUsed)>, StoreError> {
        absent()
    }

    async fn daily_usage(
        &self,
        _client_ids: &[ClientId],
        _since_day: u64,
    ) -> Result<Vec<DailyUsage>, StoreError> {
        absent()
    }

    async fn record_sightings(&self, _rows: &[Sighting]) -> Result<(), StoreError> {
        absent()
    }

    async fn sightings(&self, _client_id: &ClientId) -> Result<Vec<Sighting>, StoreError> {
        absent()
    }

    async fn audit(
        &self,
        _filter: &AuditFilter,
        _before_seq: Option<u64>,
        _limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        absent()
    }

    async fn verify_audit_chain(&self) -> Result<Chain, StoreError> {
        absent()
    }
}
