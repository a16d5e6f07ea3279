//! What the simulated nodes never ask of the store: it answers all of it with an error.

use std::net::SocketAddr;

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Credential, DeliveryId, Organization, OrganizationId, Person, PersonId, Timestamp,
    audit::Event, delivery::Delivery, opaque::OpaqueDigest, secret::Digest, usage::Sighting,
};
use hallpass_store::{
    Answer, Claim, Node, Nodes, Notices, People, PersonBy, Receipts, Report, Request, SeenSession,
    StoreError, Used,
};

use crate::store::NodeStore;

/// What is not part of the world.
pub(crate) fn absent<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("not a part of the simulated world".to_owned()))
}

#[async_trait]
impl Nodes for NodeStore {
    async fn put_node(&self, _report: &Report) -> Result<(), StoreError> {
        absent()
    }

    async fn drop_node(&self, _name: &str, _address: SocketAddr) -> Result<(), StoreError> {
        absent()
    }

    async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        absent()
    }
}

#[async_trait]
impl Notices for NodeStore {
    async fn events_after(&self, _seq: u64, _limit: usize) -> Result<Vec<Event>, StoreError> {
        absent()
    }

    async fn told_up_to(&self) -> Result<u64, StoreError> {
        absent()
    }

    async fn tell(&self, _from: u64, _to: u64, _new: &[Delivery]) -> Result<bool, StoreError> {
        absent()
    }

    async fn tell_apart(&self, _new: &[Delivery]) -> Result<u64, StoreError> {
        absent()
    }

    async fn take_due(
        &self,
        _now: Timestamp,
        _until: Timestamp,
        _limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        absent()
    }

    async fn put_delivery(&self, _delivery: &Delivery) -> Result<(), StoreError> {
        absent()
    }

    async fn delivery(&self, _id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        absent()
    }

    async fn deliveries(
        &self,
        _organization_id: &OrganizationId,
        _before: Option<&DeliveryId>,
        _limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        absent()
    }

    async fn expiring(
        &self,
        _within: (Timestamp, Timestamp),
        _after: Option<&ClientId>,
        _limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        absent()
    }

    async fn last_used_within(
        &self,
        _within: (Timestamp, Timestamp),
        _after: Option<&ClientId>,
        _limit: usize,
    ) -> Result<Vec<Used>, StoreError> {
        absent()
    }

    async fn new_addresses(
        &self,
        _since: Timestamp,
        _limit: usize,
    ) -> Result<Vec<Sighting>, StoreError> {
        absent()
    }
}

#[async_trait]
impl People for NodeStore {
    async fn find_person(&self, _by: &PersonBy) -> Result<Option<Person>, StoreError> {
        absent()
    }

    async fn people(&self, _ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
        absent()
    }

    async fn operators(&self) -> Result<Vec<Person>, StoreError> {
        absent()
    }

    async fn organizations_of(&self, _id: &PersonId) -> Result<Vec<Organization>, StoreError> {
        absent()
    }

    async fn inviting(&self, _digest: &OpaqueDigest) -> Result<Option<Organization>, StoreError> {
        absent()
    }

    async fn session(&self, _id: &OpaqueDigest) -> Result<Option<SeenSession>, StoreError> {
        absent()
    }

    async fn sessions(&self, _id: &PersonId) -> Result<Vec<SeenSession>, StoreError> {
        absent()
    }

    async fn see_session(&self, _id: &OpaqueDigest, _at: Timestamp) -> Result<(), StoreError> {
        absent()
    }

    async fn owners_of_secret(&self, _digest: &Digest) -> Result<Vec<ClientId>, StoreError> {
        absent()
    }
}

#[async_trait]
impl Receipts for NodeStore {
    async fn claim(&self, _request: &Request, _now: Timestamp) -> Result<Claim, StoreError> {
        absent()
    }

    async fn settle(&self, _request: &Request, _answer: &Answer) -> Result<(), StoreError> {
        absent()
    }

    async fn release(&self, _request: &Request) -> Result<(), StoreError> {
        absent()
    }
}
