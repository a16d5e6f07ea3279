//! Usage roll-ups: adding to them and reading them. Nothing here is fit to decide anything by.

use hallpass_core::{ClientId, usage::Usage};
use tokio_postgres::Row;

use super::{
    failure::Result,
    session::{Session, Step, get, int, uint},
};
use crate::{
    DailyUsage, LastUsed, StoreError,
    columns::{LastRow, UsageRow, client_id},
};

/// Adds rows to what is there. In the order of their credentials, so that two nodes which do this
/// at once wait for one another rather than each for the other.
pub(super) async fn add(session: &Session, rows: &[Usage]) -> Result<()> {
    let mut sorted: Vec<&Usage> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.slot.client_id.as_str(), row.slot.hour, row.slot.secret));
    hold(session, sorted.iter().map(|row| &row.slot.client_id)).await?;
    let steps: Vec<Step> = sorted.into_iter().flat_map(steps).collect();
    session.pipeline(&steps).await?;
    Ok(())
}

/// Keeps credentials from being deleted until the transaction ends, so that nothing is counted of
/// one that is gone.
pub(super) async fn hold<'a>(
    session: &Session,
    ids: impl Iterator<Item = &'a ClientId>,
) -> Result<()> {
    let ids: Vec<&str> = ids.map(ClientId::as_str).collect();
    let sql = "SELECT 1 FROM credentials WHERE client_id = ANY ($1) ORDER BY client_id
         FOR KEY SHARE";
    session.rows(sql, &[&ids]).await.map(drop)
}

fn steps(Usage { slot, count, last_at, last_address }: &Usage) -> [Step; 2] {
    let id = || Box::new(slot.client_id.to_string());
    let secret = || Box::new(i64::from(slot.secret));
    let last_at = || Box::new(int(last_at.as_millis()));
    let address = || Box::new(last_address.map(|address| address.to_string()));
    [
        Step::new(
            "INSERT INTO usage
                (client_id, hour, secret, api_id, ending, count, last_at, last_address)
             SELECT $1, $2::bigint, $3::bigint, $4::text, $5::text, $6::bigint, $7::bigint,
                $8::text
             WHERE EXISTS (SELECT 1 FROM credentials WHERE client_id = $1)
             ON CONFLICT (client_id, hour, secret, api_id, ending) DO UPDATE SET
                count = usage.count + excluded.count,
                last_address = CASE WHEN excluded.last_at >= usage.last_at
                    THEN excluded.last_address ELSE usage.last_address END,
                last_at = greatest(usage.last_at, excluded.last_at)",
            vec![
                id(),
                Box::new(int(slot.hour)),
                secret(),
                Box::new(slot.api_id.as_ref().map_or(String::new(), ToString::to_string)),
                Box::new(slot.ending.word()),
                Box::new(int(*count)),
                last_at(),
                address(),
            ],
        ),
        Step::new(
            "INSERT INTO last_used (client_id, secret, last_at, last_address)
             SELECT $1, $2::bigint, $3::bigint, $4::text
             WHERE EXISTS (SELECT 1 FROM credentials WHERE client_id = $1)
             ON CONFLICT (client_id, secret) DO UPDATE SET
                last_at = excluded.last_at, last_address = excluded.last_address
             WHERE excluded.last_at >= last_used.last_at",
            vec![id(), secret(), last_at(), address()],
        ),
    ]
}

/// The roll-ups of a credential, oldest first.
pub(super) async fn of(
    session: &Session,
    client_id: &ClientId,
    since_hour: u64,
) -> Result<Vec<Usage>> {
    let sql = "SELECT hour, secret, api_id, ending, count, last_at, last_address FROM usage
         WHERE client_id = $1 AND hour >= $2 ORDER BY hour, secret, api_id, ending";
    session
        .all(sql, &[&client_id.as_str(), &int(since_hour)], |row| {
            UsageRow {
                hour: uint(row, 0)?,
                secret: secret(row, 1)?,
                api_id: get(row, 2)?,
                ending: get(row, 3)?,
                count: uint(row, 4)?,
                last: last(row, 5)?,
            }
            .read(client_id)
        })
        .await
}

/// The latest use of each secret.
pub(super) async fn last_used(session: &Session, client_id: &ClientId) -> Result<Vec<LastUsed>> {
    let sql = "SELECT secret, last_at, last_address FROM last_used
         WHERE client_id = $1 ORDER BY secret";
    let read = |row: &_| last(row, 1)?.read(secret(row, 0)?, client_id);
    session.all(sql, &[&client_id.as_str()], read).await
}

/// The latest use of each secret of many credentials.
pub(super) async fn last_used_of(
    session: &Session,
    ids: &[ClientId],
) -> Result<Vec<(ClientId, LastUsed)>> {
    let sql = "SELECT client_id, secret, last_at, last_address FROM last_used
         WHERE client_id = ANY ($1) ORDER BY client_id, secret";
    let ids: Vec<&str> = ids.iter().map(ClientId::as_str).collect();
    session
        .all(sql, &[&ids], |row| {
            let client_id = client_id(get(row, 0)?, "usage of")?;
            let last_used = last(row, 2)?.read(secret(row, 1)?, &client_id)?;
            Ok((client_id, last_used))
        })
        .await
}

/// Uses by day of many credentials.
pub(super) async fn daily(
    session: &Session,
    ids: &[ClientId],
    since_day: u64,
) -> Result<Vec<DailyUsage>> {
    let sql = "SELECT client_id, hour / 24 AS day,
            sum(CASE WHEN ending = 'issued' THEN count ELSE 0 END)::bigint,
            sum(CASE WHEN ending = 'issued' THEN 0 ELSE count END)::bigint
         FROM usage WHERE client_id = ANY ($1) AND hour >= $2
         GROUP BY client_id, day ORDER BY client_id, day";
    let ids: Vec<&str> = ids.iter().map(ClientId::as_str).collect();
    session
        .all(sql, &[&ids, &int(since_day.saturating_mul(24))], |row| {
            let client_id = client_id(get(row, 0)?, "usage of")?;
            let (day, issued, refused) = (uint(row, 1)?, uint(row, 2)?, uint(row, 3)?);
            Ok(DailyUsage { client_id, day, issued, refused })
        })
        .await
}

fn secret(row: &Row, column: usize) -> std::result::Result<u16, StoreError> {
    u16::try_from(get::<i64>(row, column)?)
        .map_err(|why| StoreError::damaged("the place of a secret", why))
}

fn last(row: &Row, column: usize) -> std::result::Result<LastRow, StoreError> {
    Ok(LastRow { at: uint(row, column)?, address: get(row, column + 1)? })
}
