//! Where credentials were used from, and by what. Like usage, nothing to decide anything by.

use hallpass_core::{
    ClientId,
    usage::{SIGHTINGS_AT_MOST, Sighting},
};

use super::{
    failure::Result,
    session::{Session, Step, get, int, uint},
    usage,
};
use crate::columns::SightingRow;

/// Adds rows to what is there, and forgets what is over the limit.
pub(super) async fn add(session: &Session, rows: &[Sighting]) -> Result<()> {
    let mut sorted: Vec<&Sighting> = rows.iter().collect();
    sorted.sort_by_key(|row| row.client_id.as_str());
    usage::hold(session, sorted.iter().map(|row| &row.client_id)).await?;
    let steps: Vec<Step> = sorted.into_iter().flat_map(steps).collect();
    session.pipeline(&steps).await?;
    Ok(())
}

fn steps(
    Sighting { client_id, address, library, count, first_at, last_at }: &Sighting,
) -> [Step; 2] {
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    [
        Step::new(
            "INSERT INTO sightings (client_id, address, library, count, first_at, last_at)
             SELECT $1, $2::text, $3::text, $4::bigint, $5::bigint, $6::bigint
             WHERE EXISTS (SELECT 1 FROM credentials WHERE client_id = $1)
             ON CONFLICT (client_id, address, library) DO UPDATE SET
                count = sightings.count + excluded.count,
                first_at = least(sightings.first_at, excluded.first_at),
                last_at = greatest(sightings.last_at, excluded.last_at)",
            vec![
                Box::new(client_id.to_string()),
                Box::new(address),
                Box::new(library.to_string()),
                Box::new(int(*count)),
                Box::new(int(first_at.as_millis())),
                Box::new(int(last_at.as_millis())),
            ],
        ),
        Step::new(
            "DELETE FROM sightings WHERE client_id = $1 AND (address, library) IN
                (SELECT address, library FROM sightings WHERE client_id = $1
                 ORDER BY last_at DESC, address, library OFFSET $2)",
            vec![Box::new(client_id.to_string()), Box::new(int(SIGHTINGS_AT_MOST as u64))],
        ),
    ]
}

/// The sightings of a credential, the latest first.
pub(super) async fn of(session: &Session, client_id: &ClientId) -> Result<Vec<Sighting>> {
    let sql = "SELECT address, library, count, first_at, last_at FROM sightings
         WHERE client_id = $1 ORDER BY last_at DESC, address, library";
    session
        .all(sql, &[&client_id.as_str()], |row| {
            SightingRow {
                address: get(row, 0)?,
                library: get(row, 1)?,
                count: uint(row, 2)?,
                first_at: uint(row, 3)?,
                last_at: uint(row, 4)?,
            }
            .read(client_id.clone())
        })
        .await
}
