//! Where credentials were used from, and by what. Like usage, nothing to decide anything by.

use hallpass_core::{
    ClientId, Timestamp,
    usage::{SIGHTINGS_AT_MOST, Sighting},
};
use rusqlite::params;

use super::session::{Session, int, uint};
use crate::{StoreError, columns::SightingRow};

/// Adds rows to what is there, and forgets what is over the limit.
pub(super) fn add(session: &Session, rows: &[Sighting]) -> Result<(), StoreError> {
    for Sighting { client_id, address, library, count, first_at, last_at } in rows {
        let id = client_id.as_str();
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let (first_at, last_at) = (int(first_at.as_millis()), int(last_at.as_millis()));
        let known = session.execute(
            "UPDATE sightings SET count = count + ?4, first_at = min(first_at, ?5),
                last_at = max(last_at, ?6)
             WHERE client_id = ?1 AND address = ?2 AND library = ?3",
            params![id, address, library, int(*count), first_at, last_at],
        )?;
        if known > 0 {
            continue;
        }
        let new = session.execute(
            "INSERT INTO sightings (client_id, address, library, count, first_at, last_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE EXISTS (SELECT 1 FROM credentials WHERE client_id = ?1)",
            params![id, address, library, int(*count), first_at, last_at],
        )?;
        if new == 0 {
            continue;
        }
        session.execute(
            "DELETE FROM sightings WHERE client_id = ?1 AND (address, library) IN
                (SELECT address, library FROM sightings WHERE client_id = ?1
                 ORDER BY last_at DESC, address, library LIMIT -1 OFFSET ?2)",
            params![id, int(SIGHTINGS_AT_MOST as u64)],
        )?;
    }
    Ok(())
}

/// The sightings of a credential, the latest first.
pub(super) fn of(session: &Session, client_id: &ClientId) -> Result<Vec<Sighting>, StoreError> {
    let sql = "SELECT address, library, count, first_at, last_at FROM sightings
         WHERE client_id = ?1 ORDER BY last_at DESC, address, library";
    session.all(sql, [client_id.as_str()], |row| {
        let row = SightingRow {
            address: row.get(0)?,
            library: row.get(1)?,
            count: uint(row, 2)?,
            first_at: uint(row, 3)?,
            last_at: uint(row, 4)?,
        };
        row.read(client_id.clone())
    })
}

/// Removes those not seen since `before`, at most so many.
pub(super) fn prune(session: &Session, before: Timestamp, most: u64) -> Result<u64, StoreError> {
    let removed = session.execute(
        "DELETE FROM sightings WHERE (client_id, address, library) IN
            (SELECT client_id, address, library FROM sightings WHERE last_at < ?1 LIMIT ?2)",
        params![int(before.as_millis()), int(most)],
    )?;
    Ok(removed as u64)
}
