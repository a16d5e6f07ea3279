//! Listing credentials by page, and finding those of which something has expired.

use hallpass_core::{ClientId, Credential, Timestamp};
use rusqlite::params;

use super::session::{Session, int};
use crate::{CredentialFilter, StoreError, document};

/// One page, in the order of the ids.
pub(super) fn page(
    session: &Session,
    filter: &CredentialFilter,
    after: Option<&ClientId>,
    limit: usize,
) -> Result<Vec<Credential>, StoreError> {
    // Two statements, so that the one for an organization goes by its index.
    let whose = match filter.organization_id {
        Some(_) => "organization_id = ?1",
        None => "?1 IS NULL",
    };
    let sql = format!(
        "SELECT client_id, document FROM credentials
         WHERE {whose} AND client_id > ?2
            AND (?3 IS NULL OR status = ?3)
            AND (?4 IS NULL OR instr(folded_name, ?4) > 0)
         ORDER BY client_id LIMIT ?5"
    );
    let params = params![
        filter.organization_id.as_ref().map(|id| id.as_str()),
        after.map_or("", |id| id.as_str()),
        filter.status,
        filter.name_contains.as_ref().map(|part| part.to_lowercase()),
        int(limit as u64),
    ];
    session.all(&sql, params, |row| {
        let (id, text) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        document::read(&text, || format!("credential {id}"))
    })
}

/// Those that await their expiry, the longest overdue first.
pub(super) fn due(
    session: &Session,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<ClientId>, StoreError> {
    let sql = "SELECT client_id FROM credentials WHERE next_expiry_at <= ?1
         ORDER BY next_expiry_at LIMIT ?2";
    session.all(sql, params![int(now.as_millis()), int(limit as u64)], |row| {
        let id = row.get::<_, String>(0)?;
        id.parse().map_err(|error| StoreError::damaged(format!("credential {id}"), error))
    })
}
