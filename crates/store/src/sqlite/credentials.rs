//! Listing credentials by page, and finding those of which something has expired.

use hallpass_core::{ClientId, Credential, OrganizationId, Timestamp};
use rusqlite::{Row, ToSql, params};

use super::session::{Session, int, uint};
use crate::{
    CredentialCounts, CredentialFilter, Newest, StoreError,
    columns::{self, Filter},
    document,
};

/// A filter as a part of a WHERE clause, with parameters ?1 to ?5.
fn clause(filter: &Filter) -> String {
    // Two forms, so that the one for an organization goes by an index.
    let whose =
        if filter.organization_id.is_some() { "organization_id = ?1" } else { "?1 IS NULL" };
    format!(
        "{whose} AND (?2 IS NULL OR status = ?2)
        AND (?3 IS NULL OR instr(folded_name, ?3) > 0 OR instr(client_id, ?4) > 0)
        AND (?5 IS NULL OR instr(folded_tags, ?5) > 0)"
    )
}

/// What ?1 to ?5 stand for, and the rest of the parameters after them.
fn with<'a>(filter: &'a Filter, rest: &[&'a dyn ToSql]) -> Vec<&'a dyn ToSql> {
    let own: [&dyn ToSql; 5] =
        [&filter.organization_id, &filter.status, &filter.folded_text, &filter.text, &filter.tag];
    own.into_iter().chain(rest.iter().copied()).collect()
}

/// One page, in the order of the ids.
pub(super) fn page(
    session: &Session,
    filter: &CredentialFilter,
    after: Option<&ClientId>,
    limit: usize,
) -> Result<Vec<Credential>, StoreError> {
    let filter = Filter::new(filter);
    let sql = format!(
        "SELECT client_id, document FROM credentials
         WHERE {} AND client_id > ?6 ORDER BY client_id LIMIT ?7",
        clause(&filter)
    );
    let (after, limit) = (after.map_or("", |id| id.as_str()), int(limit as u64));
    session.all(&sql, &*with(&filter, &[&after, &limit]), credential)
}

/// One page, the newest first.
pub(super) fn newest(
    session: &Session,
    filter: &CredentialFilter,
    before: Option<&Newest>,
    limit: usize,
) -> Result<Vec<Credential>, StoreError> {
    let filter = Filter::new(filter);
    let sql = format!(
        "SELECT client_id, document FROM credentials
         WHERE {} AND (created_at, client_id) < (?6, ?7)
         ORDER BY created_at DESC, client_id DESC LIMIT ?8",
        clause(&filter)
    );
    let created_at = int(before.map_or(u64::MAX, |place| place.created_at.as_millis()));
    let client_id = before.map_or("", |place| place.client_id.as_str());
    let limit = int(limit as u64);
    session.all(&sql, &*with(&filter, &[&created_at, &client_id, &limit]), credential)
}

/// How many there are.
pub(super) fn count(session: &Session, filter: &CredentialFilter) -> Result<u64, StoreError> {
    let filter = Filter::new(filter);
    let sql = format!("SELECT count(*) FROM credentials WHERE {}", clause(&filter));
    let count = session.first(&sql, &*with(&filter, &[]), |row| uint(row, 0))?;
    Ok(count.unwrap_or(0))
}

/// How many of each status each organization has.
pub(super) fn counts(
    session: &Session,
    of: Option<&OrganizationId>,
) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError> {
    let sql = "SELECT organization_id, sum(status = 'pending'), sum(status = 'active'),
            sum(status = 'paused'), sum(status = 'revoked')
         FROM credentials WHERE ?1 IS NULL OR organization_id = ?1
         GROUP BY organization_id ORDER BY organization_id";
    // One statement for each, so that each goes by the index.
    let sql = match of {
        Some(_) => &sql.replace("?1 IS NULL OR ", ""),
        None => sql,
    };
    session.all(sql, [of.map(OrganizationId::as_str)], |row| {
        let id = row.get::<_, String>(0)?;
        let id =
            id.parse().map_err(|why| StoreError::damaged(format!("organization {id}"), why))?;
        let counts = CredentialCounts {
            pending: uint(row, 1)?,
            active: uint(row, 2)?,
            paused: uint(row, 3)?,
            revoked: uint(row, 4)?,
        };
        Ok((id, counts))
    })
}

fn credential(row: &Row<'_>) -> Result<Credential, StoreError> {
    let (id, text) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
    document::read(&text, || format!("credential {id}"))
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
        columns::client_id(&row.get::<_, String>(0)?, "credential")
    })
}
