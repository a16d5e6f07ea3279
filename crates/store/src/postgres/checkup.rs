//! What `hallpass doctor` asks a server. It must never change anything, nor fail because a
//! database of another make lacks a setting.

use hallpass_core::Timestamp;

use super::{
    failure::Result,
    session::{Session, get, uint},
};
use crate::StoreError;

/// What a server says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkup {
    /// Settings that are off, without which a power cut may lose what was acknowledged.
    pub not_durable: Vec<&'static str>,
    /// How many connections it takes, if it says so.
    pub connections_at_most: Option<u64>,
    /// Its clock.
    pub now: Timestamp,
}

const DURABLE: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

pub(super) async fn look(session: &Session) -> Result<Checkup> {
    let sql = "SELECT current_setting('fsync', true), current_setting('full_page_writes', true),
            current_setting('synchronous_commit', true), current_setting('max_connections', true),
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let read = |row: &_| {
        let mut not_durable = Vec::new();
        for (column, name) in DURABLE.into_iter().enumerate() {
            if get::<Option<&str>>(row, column)? == Some("off") {
                not_durable.push(name);
            }
        }
        let connections_at_most = get::<Option<&str>>(row, 3)?.and_then(|text| text.parse().ok());
        let now = Timestamp::from_millis(uint(row, 4)?);
        Ok(Checkup { not_durable, connections_at_most, now })
    };
    let checkup = session.first(sql, &[], read).await?;
    Ok(checkup.ok_or_else(|| StoreError::unavailable("it says nothing of itself"))?)
}
