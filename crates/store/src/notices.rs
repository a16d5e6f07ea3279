//! The notices' own book: how far the audit log has been told of, and what is on its way to whom. A part of [`Store`](crate::Store). None of it is state that anybody decides by: losing
//! a row loses a message, and a row that is there twice tells something twice.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Credential, DeliveryId, OrganizationId, Timestamp, audit::Event, delivery::Delivery,
    usage::Sighting,
};

use crate::StoreError;

/// A credential, and when it last got a token.
pub type Used = (Credential, Option<Timestamp>);

/// Reads and writes of notices. Errors are those of [`Store`](crate::Store).
#[async_trait]
pub trait Notices {
    /// At most `limit` events of the audit log after `seq`, oldest first.
    async fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// Up to which event deliveries have been made.
    async fn told_up_to(&self) -> Result<u64, StoreError>;

    /// Puts deliveries on their way, and moves the place up to which has been told: all of it or
    /// nothing. `false`, and nothing was done, if another node has moved the place meanwhile. A
    /// delivery of a notice that its target knows already is left out.
    async fn tell(&self, from: u64, to: u64, new: &[Delivery]) -> Result<bool, StoreError>;

    /// Puts deliveries on their way that follow from no event. Of how many the targets knew
    /// nothing yet.
    async fn tell_apart(&self, new: &[Delivery]) -> Result<u64, StoreError>;

    /// At most `limit` deliveries that are due at `now`, the longest overdue first, and of all
    /// targets in turn. They are not due again before `until`, so that no other node takes them; if
    /// this one dies, they are.
    async fn take_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Writes what has become of a delivery.
    async fn put_delivery(&self, delivery: &Delivery) -> Result<(), StoreError>;

    /// One delivery.
    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// At most `limit` deliveries of an organization, the newest first, that come after `before`
    /// in this order.
    async fn deliveries(
        &self,
        organization_id: &OrganizationId,
        before: Option<&DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// At most `limit` active or paused credentials of which something ends after `now` and by
    /// `until`, in the order of their ids, after `after`.
    async fn expiring(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError>;

    /// At most `limit` active credentials that got their last token, or were made, within this
    /// time, in the order of their ids, after `after`.
    async fn last_used_within(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Used>, StoreError>;

    /// Where credentials were first seen since `since`, although they had been seen elsewhere
    /// before; at most `limit`, the latest first.
    async fn new_addresses(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sighting>, StoreError>;
}
