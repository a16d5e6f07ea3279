//! A real store whose database can be made to go away and come back. While it is away every call
//! fails; it must never lose or change anything.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use async_trait::async_trait;
use hallpass_core::{
    Api, Change, ClientId, Credential, DeliveryId, Image, Installation, Mutation, Organization,
    OrganizationId, Person, PersonId, Timestamp,
    audit::{Actor, Event},
    change::Key,
    delivery::Delivery,
    opaque::OpaqueDigest,
    ring::Ring,
    secret::Digest,
    usage::{Sighting, Usage},
};
use hallpass_store::{
    Answer, AuditFilter, Chain, Claim, Counts, CredentialCounts, CredentialFilter, DailyUsage,
    Feed, LastUsed, Newest, Node, Nodes, Notices, Part, People, PersonBy, Pool, Pruned, Receipts,
    Report, Request, Retention, SeenSession, SqliteStore, Store, StoreError, Used,
};
use tokio::sync::watch;

pub(crate) struct UnsteadyStore {
    inner: SqliteStore,
    away: AtomicBool,
    commits: AtomicU64,
    /// Commits until it goes away by itself; 0: it stays.
    lasts: AtomicU64,
    images: AtomicU64,
    load_held: watch::Sender<bool>,
    images_held: watch::Sender<bool>,
}

impl UnsteadyStore {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
            away: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            lasts: AtomicU64::new(0),
            images: AtomicU64::new(0),
            load_held: watch::Sender::new(false),
            images_held: watch::Sender::new(false),
        }
    }

    /// From now on a load stops before the first credential, until it is let go.
    pub(crate) fn hold_loads(&self) {
        self.load_held.send_replace(true);
    }

    pub(crate) fn let_loads_go(&self) {
        self.load_held.send_replace(false);
    }

    /// From now on whoever asks for a single row waits.
    pub(crate) fn hold_images(&self) {
        self.images_held.send_replace(true);
    }

    pub(crate) fn let_images_go(&self) {
        self.images_held.send_replace(false);
    }

    /// Single rows that were asked for.
    pub(crate) fn images(&self) -> u64 {
        self.images.load(Ordering::SeqCst)
    }

    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    /// It goes away as soon as so many more commits have been done.
    pub(crate) fn go_away_after(&self, commits: u64) {
        self.lasts.store(commits, Ordering::SeqCst);
    }

    pub(crate) fn come_back(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    /// Writes that were asked for, also those that were refused.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    fn inner(&self) -> Result<&SqliteStore, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the test took it away".to_owned()));
        }
        Ok(&self.inner)
    }
}

async fn until_let_go(held: &watch::Sender<bool>) {
    held.subscribe().wait_for(|held| !held).await.unwrap();
}

#[async_trait]
impl Store for UnsteadyStore {
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let done = self.inner()?.commit(mutation, actor, at).await;
        let lasts = self.lasts.load(Ordering::SeqCst);
        if done.is_ok() && lasts > 0 {
            self.lasts.store(lasts - 1, Ordering::SeqCst);
            if lasts == 1 {
                self.go_away();
            }
        }
        done
    }

    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError> {
        self.images.fetch_add(1, Ordering::SeqCst);
        until_let_go(&self.images_held).await;
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

    async fn newest_credentials(
        &self,
        filter: &CredentialFilter,
        before: Option<&Newest>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        self.inner()?.newest_credentials(filter, before, limit).await
    }

    async fn count_credentials(&self, filter: &CredentialFilter) -> Result<u64, StoreError> {
        self.inner()?.count_credentials(filter).await
    }

    async fn credential_counts(
        &self,
        of: Option<&OrganizationId>,
    ) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError> {
        self.inner()?.credential_counts(of).await
    }

    async fn load(&self, sink: &mut (dyn FnMut(Part) + Send)) -> Result<(), StoreError> {
        let mut parts = Vec::new();
        self.inner()?.load(&mut |part| parts.push(part)).await?;
        for part in parts {
            let is_last_before_credentials = matches!(part, Part::Snapshot(_));
            sink(part);
            if is_last_before_credentials {
                until_let_go(&self.load_held).await;
                // Whoever held it may have taken the database away meanwhile.
                self.inner()?;
            }
        }
        Ok(())
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

    async fn last_used_of(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Vec<(ClientId, LastUsed)>, StoreError> {
        self.inner()?.last_used_of(client_ids).await
    }

    async fn daily_usage(
        &self,
        client_ids: &[ClientId],
        since_day: u64,
    ) -> Result<Vec<DailyUsage>, StoreError> {
        self.inner()?.daily_usage(client_ids, since_day).await
    }

    async fn record_sightings(&self, rows: &[Sighting]) -> Result<(), StoreError> {
        self.inner()?.record_sightings(rows).await
    }

    async fn sightings(&self, client_id: &ClientId) -> Result<Vec<Sighting>, StoreError> {
        self.inner()?.sightings(client_id).await
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

    fn pool(&self) -> Pool {
        self.inner.pool()
    }
}

#[async_trait]
impl People for UnsteadyStore {
    async fn find_person(&self, by: &PersonBy) -> Result<Option<Person>, StoreError> {
        self.inner()?.find_person(by).await
    }

    async fn people(&self, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
        self.inner()?.people(ids).await
    }

    async fn operators(&self) -> Result<Vec<Person>, StoreError> {
        self.inner()?.operators().await
    }

    async fn organizations_of(&self, id: &PersonId) -> Result<Vec<Organization>, StoreError> {
        self.inner()?.organizations_of(id).await
    }

    async fn inviting(&self, digest: &OpaqueDigest) -> Result<Option<Organization>, StoreError> {
        self.inner()?.inviting(digest).await
    }

    async fn session(&self, id: &OpaqueDigest) -> Result<Option<SeenSession>, StoreError> {
        self.inner()?.session(id).await
    }

    async fn sessions(&self, id: &PersonId) -> Result<Vec<SeenSession>, StoreError> {
        self.inner()?.sessions(id).await
    }

    async fn see_session(&self, id: &OpaqueDigest, at: Timestamp) -> Result<(), StoreError> {
        self.inner()?.see_session(id, at).await
    }

    async fn owners_of_secret(&self, digest: &Digest) -> Result<Vec<ClientId>, StoreError> {
        self.inner()?.owners_of_secret(digest).await
    }
}

#[async_trait]
impl Nodes for UnsteadyStore {
    async fn put_node(&self, report: &Report) -> Result<(), StoreError> {
        self.inner()?.put_node(report).await
    }

    async fn drop_node(&self, name: &str, address: SocketAddr) -> Result<(), StoreError> {
        self.inner()?.drop_node(name, address).await
    }

    async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        self.inner()?.nodes().await
    }
}

#[async_trait]
impl Receipts for UnsteadyStore {
    async fn claim(&self, request: &Request, now: Timestamp) -> Result<Claim, StoreError> {
        self.inner()?.claim(request, now).await
    }

    async fn settle(&self, request: &Request, answer: &Answer) -> Result<(), StoreError> {
        self.inner()?.settle(request, answer).await
    }

    async fn release(&self, request: &Request) -> Result<(), StoreError> {
        self.inner()?.release(request).await
    }
}

#[async_trait]
impl Notices for UnsteadyStore {
    async fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.inner()?.events_after(seq, limit).await
    }

    async fn told_up_to(&self) -> Result<u64, StoreError> {
        self.inner()?.told_up_to().await
    }

    async fn tell(&self, from: u64, to: u64, new: &[Delivery]) -> Result<bool, StoreError> {
        self.inner()?.tell(from, to, new).await
    }

    async fn tell_apart(&self, new: &[Delivery]) -> Result<u64, StoreError> {
        self.inner()?.tell_apart(new).await
    }

    async fn take_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.inner()?.take_due(now, until, limit).await
    }

    async fn put_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        self.inner()?.put_delivery(delivery).await
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.inner()?.delivery(id).await
    }

    async fn deliveries(
        &self,
        organization_id: &OrganizationId,
        before: Option<&DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.inner()?.deliveries(organization_id, before, limit).await
    }

    async fn expiring(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        self.inner()?.expiring(within, after, limit).await
    }

    async fn last_used_within(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Used>, StoreError> {
        self.inner()?.last_used_within(within, after, limit).await
    }

    async fn new_addresses(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sighting>, StoreError> {
        self.inner()?.new_addresses(since, limit).await
    }
}
