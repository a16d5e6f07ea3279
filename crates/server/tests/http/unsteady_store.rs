//! A real store whose database can be made to go away and come back. While it is away every call
//! fails; it must never lose or change anything.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use hallpass_core::{
    Api, Change, ClientId, Credential, Image, Installation, Mutation, Organization, Timestamp,
    audit::{Actor, Event},
    change::Key,
    ring::Ring,
    usage::Usage,
};
use hallpass_store::{
    AuditFilter, Chain, Counts, CredentialFilter, Feed, LastUsed, Pruned, Retention, Snapshot,
    SqliteStore, Store, StoreError,
};

pub(crate) struct UnsteadyStore {
    inner: SqliteStore,
    away: AtomicBool,
}

impl UnsteadyStore {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self { inner, away: AtomicBool::new(false) }
    }

    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    pub(crate) fn come_back(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    fn inner(&self) -> Result<&SqliteStore, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the test took it away".to_owned()));
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl Store for UnsteadyStore {
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError> {
        self.inner()?.commit(mutation, actor, at).await
    }

    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError> {
        self.inner()?.image(key).await
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        self.inner()?.installation().await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.inner()?.organizations().await
    }

    async fn apis(&self) -> Result<Vec<Api>, StoreError> {
        self.inner()?.apis().await
    }

    async fn rings(&self) -> Result<Vec<Ring>, StoreError> {
        self.inner()?.rings().await
    }

    async fn credentials(
        &self,
        filter: &CredentialFilter,
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        self.inner()?.credentials(filter, after, limit).await
    }

    async fn load(&self, sink: &mut (dyn FnMut(Image) + Send)) -> Result<Snapshot, StoreError> {
        self.inner()?.load(sink).await
    }

    async fn feed(&self) -> Result<Feed, StoreError> {
        self.inner()?.feed().await
    }

    async fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.inner()?.changes_after(seq, limit).await
    }

    async fn last_seq(&self) -> Result<u64, StoreError> {
        self.inner()?.last_seq().await
    }

    async fn changed_since(&self, seen: u64) -> Result<bool, StoreError> {
        self.inner()?.changed_since(seen).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ClientId>, StoreError> {
        self.inner()?.due(now, limit).await
    }

    async fn prune(&self, now: Timestamp, keep: &Retention) -> Result<Pruned, StoreError> {
        self.inner()?.prune(now, keep).await
    }

    async fn record_usage(&self, rows: &[Usage]) -> Result<(), StoreError> {
        self.inner()?.record_usage(rows).await
    }

    async fn usage(&self, client_id: &ClientId, since_hour: u64) -> Result<Vec<Usage>, StoreError> {
        self.inner()?.usage(client_id, since_hour).await
    }

    async fn last_used(&self, client_id: &ClientId) -> Result<Vec<LastUsed>, StoreError> {
        self.inner()?.last_used(client_id).await
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.inner()?.audit(filter, before_seq, limit).await
    }

    async fn verify_audit_chain(&self) -> Result<Chain, StoreError> {
        self.inner()?.verify_audit_chain().await
    }

    fn counts(&self) -> Counts {
        self.inner.counts()
    }
}
