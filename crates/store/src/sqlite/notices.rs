//! The notices' own book: the place up to which has been told, and the deliveries.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Credential, DeliveryId, OrganizationId, Timestamp, audit::Event, delivery::Delivery,
    usage::Sighting,
};
use rusqlite::{Row, params};

use super::{
    SqliteStore, audit,
    session::{Session, int, uint},
};
use crate::{
    StoreError,
    columns::{SightingRow, client_id, due_at},
    document,
    notices::{Notices, Used},
};

#[async_trait]
impl Notices for SqliteStore {
    async fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.readers.run(move |session| audit::after(session, seq, limit)).await
    }

    async fn told_up_to(&self) -> Result<u64, StoreError> {
        self.readers.run(told_up_to).await
    }

    async fn tell(&self, from: u64, to: u64, new: &[Delivery]) -> Result<bool, StoreError> {
        let new = new.to_vec();
        let work = move |session: &Session| {
            if told_up_to(session)? != from {
                return Ok(false);
            }
            add(session, &new)?;
            session.execute("UPDATE told SET seq = ?1", [int(to)])?;
            Ok(true)
        };
        self.writer.run(work).await
    }

    async fn tell_apart(&self, new: &[Delivery]) -> Result<u64, StoreError> {
        let new = new.to_vec();
        self.writer.run(move |session| add(session, &new)).await
    }

    async fn take_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let look = move |session: &Session| {
            let sql = "SELECT 1 FROM deliveries WHERE due_at <= ?1 LIMIT 1";
            session.first(sql, [int(now.as_millis())], |_| Ok(()))
        };
        // Mostly nothing is due, and a look must not queue up with the writers.
        if self.readers.run(look).await?.is_none() {
            return Ok(Vec::new());
        }
        let take = move |session: &Session| {
            // The first of each target, then the second of each: whoever has many, or does not
            // answer, keeps nobody else waiting.
            let sql = "SELECT id, document FROM deliveries JOIN (
                    SELECT number AS one, row_number() OVER (
                        PARTITION BY target ORDER BY due_at, number) AS turn
                    FROM deliveries WHERE due_at <= ?1
                    ORDER BY turn, due_at, number LIMIT ?2) ON number = one
                ORDER BY turn, due_at, number";
            let due = params![int(now.as_millis()), int(limit as u64)];
            let taken = session.all(sql, due, delivery)?;
            for one in &taken {
                let sql = "UPDATE deliveries SET due_at = ?2 WHERE id = ?1";
                session.execute(sql, params![one.id.as_str(), int(until.as_millis())])?;
            }
            Ok(taken)
        };
        self.writer.run(take).await
    }

    async fn put_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        let write = move |session: &Session| {
            let sql = "UPDATE deliveries SET due_at = ?2, document = ?3 WHERE id = ?1";
            let document = document::write(&delivery, "a delivery")?;
            session.execute(sql, params![delivery.id.as_str(), due_at(&delivery), document])?;
            Ok(())
        };
        self.writer.run(write).await
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let id = id.clone();
        let sql = "SELECT id, document FROM deliveries WHERE id = ?1";
        self.readers.run(move |session| session.first(sql, [id.as_str()], delivery)).await
    }

    async fn deliveries(
        &self,
        organization_id: &OrganizationId,
        before: Option<&DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (organization_id, before) = (organization_id.clone(), before.cloned());
        let sql = "SELECT id, document FROM deliveries
             WHERE organization_id = ?1 AND number < coalesce(
                (SELECT number FROM deliveries WHERE id = ?2), 9223372036854775807)
             ORDER BY number DESC LIMIT ?3";
        let read = move |session: &Session| {
            let before = before.as_ref().map(DeliveryId::as_str);
            let limit = int(limit as u64);
            session.all(sql, params![organization_id.as_str(), before, limit], delivery)
        };
        self.readers.run(read).await
    }

    async fn expiring(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        let after = after.cloned();
        let sql = "SELECT client_id, document FROM credentials
             WHERE next_expiry_at > ?1 AND next_expiry_at <= ?2 AND client_id > ?3
                AND status IN ('active', 'paused')
             ORDER BY client_id LIMIT ?4";
        let read = move |session: &Session| {
            let (from, to) = (int(within.0.as_millis()), int(within.1.as_millis()));
            let after = after.as_ref().map_or("", ClientId::as_str);
            session.all(sql, params![from, to, after, int(limit as u64)], credential)
        };
        self.readers.run(read).await
    }

    async fn last_used_within(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Used>, StoreError> {
        let after = after.cloned();
        let sql = "SELECT client_id, document, used_at FROM (
                SELECT client_id, document, created_at,
                    (SELECT max(last_at) FROM last_used
                     WHERE last_used.client_id = credentials.client_id) AS used_at
                FROM credentials
                WHERE client_id > ?3 AND status = 'active' AND created_at <= ?2)
             WHERE max(created_at, coalesce(used_at, 0)) BETWEEN ?1 AND ?2
             ORDER BY client_id LIMIT ?4";
        let read = move |session: &Session| {
            let (from, to) = (int(within.0.as_millis()), int(within.1.as_millis()));
            let after = after.as_ref().map_or("", ClientId::as_str);
            session.all(sql, params![from, to, after, int(limit as u64)], |row| {
                let used_at = row.get::<_, Option<i64>>(2)?;
                let used_at = used_at.and_then(|at| u64::try_from(at).ok());
                Ok((credential(row)?, used_at.map(Timestamp::from_millis)))
            })
        };
        self.readers.run(read).await
    }

    async fn new_addresses(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sighting>, StoreError> {
        let sql = "SELECT client_id, address, count, first_at, last_at FROM sightings AS new
             WHERE first_at >= ?1 AND address <> ''
                AND NOT EXISTS (SELECT 1 FROM sightings AS known
                    WHERE known.client_id = new.client_id AND known.address = new.address
                        AND known.first_at < new.first_at)
                AND EXISTS (SELECT 1 FROM sightings AS other
                    WHERE other.client_id = new.client_id AND other.address <> new.address
                        AND other.first_at < new.first_at)
             ORDER BY first_at DESC, client_id, address LIMIT ?2";
        let read = move |session: &Session| {
            session.all(sql, params![int(since.as_millis()), int(limit as u64)], sighting)
        };
        self.readers.run(read).await
    }
}

fn told_up_to(session: &Session) -> Result<u64, StoreError> {
    let seq = session.first("SELECT seq FROM told", [], |row| uint(row, 0))?;
    seq.ok_or_else(|| StoreError::damaged("the place of the notices", "it is not there"))
}

fn add(session: &Session, new: &[Delivery]) -> Result<u64, StoreError> {
    let mut added = 0;
    for delivery in new {
        let sql = "INSERT INTO deliveries
                (id, organization_id, target, notice_key, created_at, due_at, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (target, notice_key) DO NOTHING";
        added += session.execute(
            sql,
            params![
                delivery.id.as_str(),
                delivery.organization_id.as_str(),
                delivery.target.id(),
                delivery.key,
                int(delivery.created_at.as_millis()),
                due_at(delivery),
                document::write(delivery, "a delivery")?,
            ],
        )?;
    }
    Ok(added as u64)
}

fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let id = row.get::<_, String>(0)?;
    document::read(&row.get::<_, String>(1)?, || format!("delivery {id}"))
}

fn credential(row: &Row<'_>) -> Result<Credential, StoreError> {
    let id = row.get::<_, String>(0)?;
    document::read(&row.get::<_, String>(1)?, || format!("credential {id}"))
}

fn sighting(row: &Row<'_>) -> Result<Sighting, StoreError> {
    let client_id = client_id(&row.get::<_, String>(0)?, "a sighting of")?;
    let row = SightingRow {
        address: row.get(1)?,
        library: String::new(),
        count: uint(row, 2)?,
        first_at: uint(row, 3)?,
        last_at: uint(row, 4)?,
    };
    row.read(client_id)
}
