//! Usage roll-ups: adding to them and reading them. Nothing here is fit to decide anything by.

use hallpass_core::{ClientId, usage::Usage};
use rusqlite::{Row, params};

use super::session::{Session, int, uint};
use crate::{
    DailyUsage, LastUsed, StoreError,
    columns::{LastRow, UsageRow, client_id},
};

/// Adds rows to what is there.
pub(super) fn add(session: &Session, rows: &[Usage]) -> Result<(), StoreError> {
    for Usage { slot, count, last_at, last_address } in rows {
        let id = slot.client_id.as_str();
        let address = last_address.map(|address| address.to_string());
        let added = session.execute(
            "INSERT INTO usage (client_id, hour, secret, api_id, ending, count, last_at, last_address)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE EXISTS (SELECT 1 FROM credentials WHERE client_id = ?1)
             ON CONFLICT (client_id, hour, secret, api_id, ending) DO UPDATE SET
                count = count + excluded.count,
                last_address = CASE WHEN excluded.last_at >= last_at
                    THEN excluded.last_address ELSE last_address END,
                last_at = max(last_at, excluded.last_at)",
            params![
                id,
                int(slot.hour),
                slot.secret,
                slot.api_id.as_ref().map_or("", |id| id.as_str()),
                slot.ending.word(),
                int(*count),
                int(last_at.as_millis()),
                address,
            ],
        )?;
        if added > 0 {
            session.execute(
                "INSERT INTO last_used (client_id, secret, last_at, last_address)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (client_id, secret) DO UPDATE SET
                    last_at = excluded.last_at, last_address = excluded.last_address
                 WHERE excluded.last_at >= last_used.last_at",
                params![id, slot.secret, int(last_at.as_millis()), address],
            )?;
        }
    }
    Ok(())
}

/// The roll-ups of a credential, oldest first.
pub(super) fn of(
    session: &Session,
    client_id: &ClientId,
    since_hour: u64,
) -> Result<Vec<Usage>, StoreError> {
    let sql = "SELECT hour, secret, api_id, ending, count, last_at, last_address FROM usage
         WHERE client_id = ?1 AND hour >= ?2 ORDER BY hour, secret, api_id, ending";
    session.all(sql, params![client_id.as_str(), int(since_hour)], |row| {
        UsageRow {
            hour: uint(row, 0)?,
            secret: row.get(1)?,
            api_id: row.get(2)?,
            ending: row.get(3)?,
            count: uint(row, 4)?,
            last: last(row, 5)?,
        }
        .read(client_id)
    })
}

/// The latest use of each secret.
pub(super) fn last_used(
    session: &Session,
    client_id: &ClientId,
) -> Result<Vec<LastUsed>, StoreError> {
    let sql = "SELECT secret, last_at, last_address FROM last_used
         WHERE client_id = ?1 ORDER BY secret";
    session.all(sql, [client_id.as_str()], |row| last(row, 1)?.read(row.get(0)?, client_id))
}

/// The latest use of each secret of many credentials; `ids` is a JSON array.
pub(super) fn last_used_of(
    session: &Session,
    ids: &str,
) -> Result<Vec<(ClientId, LastUsed)>, StoreError> {
    let sql = "SELECT client_id, secret, last_at, last_address FROM last_used
         WHERE client_id IN (SELECT value FROM json_each(?1)) ORDER BY client_id, secret";
    session.all(sql, [ids], |row| {
        let client_id = owner(row)?;
        let last_used = last(row, 2)?.read(row.get(1)?, &client_id)?;
        Ok((client_id, last_used))
    })
}

/// Uses by day of many credentials; `ids` is a JSON array.
pub(super) fn daily(
    session: &Session,
    ids: &str,
    since_day: u64,
) -> Result<Vec<DailyUsage>, StoreError> {
    let sql = "SELECT client_id, hour / 24,
            sum(CASE WHEN ending = 'issued' THEN count ELSE 0 END),
            sum(CASE WHEN ending = 'issued' THEN 0 ELSE count END)
         FROM usage WHERE client_id IN (SELECT value FROM json_each(?1)) AND hour >= ?2 * 24
         GROUP BY client_id, hour / 24 ORDER BY client_id, hour / 24";
    session.all(sql, params![ids, int(since_day)], |row| {
        let client_id = owner(row)?;
        let (day, issued, refused) = (uint(row, 1)?, uint(row, 2)?, uint(row, 3)?);
        Ok(DailyUsage { client_id, day, issued, refused })
    })
}

fn owner(row: &Row<'_>) -> Result<ClientId, StoreError> {
    client_id(&row.get::<_, String>(0)?, "usage of")
}

fn last(row: &Row<'_>, column: usize) -> Result<LastRow, StoreError> {
    Ok(LastRow { at: uint(row, column)?, address: row.get(column + 1)? })
}
