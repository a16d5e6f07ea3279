//! The notices' own book: the place up to which has been told, and the deliveries. Its one row
//! numbers the deliveries, too, so that their order is that of the transactions.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Credential, DeliveryId, OrganizationId, Timestamp, audit::Event, delivery::Delivery,
    usage::Sighting,
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    again::again,
    audit,
    failure::Result as Attempt,
    rows,
    session::{Session, Step, Values, get, int, uint},
};
use crate::{
    StoreError,
    columns::{SightingRow, client_id, due_at},
    document,
    notices::{Notices, Used},
};

#[async_trait]
impl Notices for PostgresStore {
    async fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        Ok(audit::after(&self.session().await?, seq, limit).await?)
    }

    async fn told_up_to(&self) -> Result<u64, StoreError> {
        let session = self.session().await?;
        let seq = session.first("SELECT seq FROM told", &[], |row| uint(row, 0)).await?;
        seq.ok_or_else(no_place)
    }

    async fn tell(&self, from: u64, to: u64, new: &[Delivery]) -> Result<bool, StoreError> {
        again(&self.counters, || async {
            let session = self.session().await?;
            let write = async {
                let (told, number) = place(&session).await?;
                if told != from {
                    return Ok(false);
                }
                add(&session, number, new).await?;
                session.execute("UPDATE told SET seq = $1 WHERE id = 1", &[&int(to)]).await?;
                Ok(true)
            };
            session.transaction(write).await
        })
        .await
    }

    async fn tell_apart(&self, new: &[Delivery]) -> Result<u64, StoreError> {
        again(&self.counters, || async {
            let session = self.session().await?;
            let write = async {
                let (_, number) = place(&session).await?;
                add(&session, number, new).await
            };
            session.transaction(write).await
        })
        .await
    }

    async fn take_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        // The first of each target, then the second of each: whoever has many, or does not
        // answer, keeps nobody else waiting. Another node that took one of them meanwhile has
        // moved its moment on, which is looked at again when the row is locked.
        let sql = "WITH turns AS (
                SELECT number AS one, due_at AS was_due_at, row_number() OVER (
                    PARTITION BY target ORDER BY due_at, number) AS turn
                FROM deliveries WHERE due_at <= $1),
            chosen AS (SELECT * FROM turns ORDER BY turn, was_due_at, one LIMIT $2),
            taken AS (
                UPDATE deliveries SET due_at = $3 FROM chosen
                WHERE number = one AND due_at <= $1
                RETURNING id, document, number)
            SELECT id, document FROM taken JOIN chosen ON number = one
            ORDER BY turn, was_due_at, one";
        let (now, until, limit) = (int(now.as_millis()), int(until.as_millis()), limit as u64);
        again(&self.counters, || async {
            let session = self.session().await?;
            rows::list(&session, sql, &[&now, &int(limit), &until], "delivery").await
        })
        .await
    }

    async fn put_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let document = document::write(delivery, "a delivery")?;
        let sql = "UPDATE deliveries SET due_at = $2, document = $3 WHERE id = $1";
        let values: Values<'_> = &[&delivery.id.as_str(), &due_at(delivery), &document];
        self.execute(sql, values).await.map(drop)
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let sql = "SELECT id, document FROM deliveries WHERE id = $1";
        Ok(rows::list(&self.session().await?, sql, &[&id.as_str()], "delivery").await?.pop())
    }

    async fn deliveries(
        &self,
        organization_id: &OrganizationId,
        before: Option<&DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT id, document FROM deliveries
             WHERE organization_id = $1 AND number < coalesce(
                (SELECT number FROM deliveries WHERE id = $2), 9223372036854775807)
             ORDER BY number DESC LIMIT $3";
        let (organization_id, before) = (organization_id.as_str(), before.map(DeliveryId::as_str));
        let session = self.session().await?;
        let values: Values<'_> = &[&organization_id, &before, &int(limit as u64)];
        Ok(rows::list(&session, sql, values, "delivery").await?)
    }

    async fn expiring(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError> {
        let sql = "SELECT client_id, document FROM credentials
             WHERE next_expiry_at > $1 AND next_expiry_at <= $2 AND client_id > $3
                AND status IN ('active', 'paused')
             ORDER BY client_id LIMIT $4";
        let (from, to) = (int(within.0.as_millis()), int(within.1.as_millis()));
        let after = after.map_or("", ClientId::as_str);
        let session = self.session().await?;
        let values: Values<'_> = &[&from, &to, &after, &int(limit as u64)];
        Ok(rows::list(&session, sql, values, "credential").await?)
    }

    async fn last_used_within(
        &self,
        within: (Timestamp, Timestamp),
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Used>, StoreError> {
        let sql = "SELECT client_id, document, used_at FROM (
                SELECT client_id, document, created_at,
                    (SELECT max(last_at) FROM last_used
                     WHERE last_used.client_id = credentials.client_id) AS used_at
                FROM credentials
                WHERE client_id > $3 AND status = 'active' AND created_at <= $2) AS active
             WHERE greatest(created_at, coalesce(used_at, 0)) BETWEEN $1 AND $2
             ORDER BY client_id LIMIT $4";
        let (from, to) = (int(within.0.as_millis()), int(within.1.as_millis()));
        let after = after.map_or("", ClientId::as_str);
        let session = self.session().await?;
        let read = |row: &Row| {
            let name = || format!("credential {}", get(row, 0).unwrap_or("?"));
            let used_at = get::<Option<i64>>(row, 2)?.and_then(|at| u64::try_from(at).ok());
            Ok((document::read(get(row, 1)?, name)?, used_at.map(Timestamp::from_millis)))
        };
        Ok(session.all(sql, &[&from, &to, &after, &int(limit as u64)], read).await?)
    }

    async fn new_addresses(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sighting>, StoreError> {
        let sql = "SELECT client_id, address, count, first_at, last_at FROM sightings AS new
             WHERE first_at >= $1 AND address <> ''
                AND NOT EXISTS (SELECT 1 FROM sightings AS known
                    WHERE known.client_id = new.client_id AND known.address = new.address
                        AND known.first_at < new.first_at)
                AND EXISTS (SELECT 1 FROM sightings AS other
                    WHERE other.client_id = new.client_id AND other.address <> new.address
                        AND other.first_at < new.first_at)
             ORDER BY first_at DESC, client_id, address LIMIT $2";
        let session = self.session().await?;
        Ok(session.all(sql, &[&int(since.as_millis()), &int(limit as u64)], sighting).await?)
    }
}

fn no_place() -> StoreError {
    StoreError::damaged("the place of the notices", "it is not there")
}

/// Up to where has been told, and the number of the last delivery. Nobody else moves them until
/// the transaction ends.
async fn place(session: &Session) -> Attempt<(u64, u64)> {
    let sql = "SELECT seq, number FROM told WHERE id = 1 FOR UPDATE";
    let place = session.first(sql, &[], |row| Ok((uint(row, 0)?, uint(row, 1)?))).await?;
    Ok(place.ok_or_else(no_place)?)
}

/// Adds deliveries, with the numbers that follow `number`.
async fn add(session: &Session, number: u64, new: &[Delivery]) -> Attempt<u64> {
    let sql = "INSERT INTO deliveries
            (number, id, organization_id, target, notice_key, created_at, due_at, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (target, notice_key) DO NOTHING";
    let mut steps = Vec::with_capacity(new.len());
    for (number, delivery) in (number + 1..).zip(new) {
        steps.push(Step::new(
            sql,
            vec![
                Box::new(int(number)),
                Box::new(delivery.id.to_string()),
                Box::new(delivery.organization_id.to_string()),
                Box::new(delivery.target.id().to_owned()),
                Box::new(delivery.key.clone()),
                Box::new(int(delivery.created_at.as_millis())),
                Box::new(due_at(delivery)),
                Box::new(document::write(delivery, "a delivery")?),
            ],
        ));
    }
    let added = session.pipeline(&steps).await?.iter().map(|answer| answer.changed).sum();
    let last = int(number + new.len() as u64);
    session.execute("UPDATE told SET number = $1 WHERE id = 1", &[&last]).await?;
    Ok(added)
}

fn sighting(row: &Row) -> Result<Sighting, StoreError> {
    let client_id = client_id(get(row, 0)?, "a sighting of")?;
    let row = SightingRow {
        address: get(row, 1)?,
        library: String::new(),
        count: uint(row, 2)?,
        first_at: uint(row, 3)?,
        last_at: uint(row, 4)?,
    };
    row.read(client_id)
}
