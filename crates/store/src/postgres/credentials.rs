//! Listing credentials by page, and finding those of which something has expired.

use hallpass_core::{ClientId, Credential, OrganizationId, Timestamp};
use tokio_postgres::types::ToSql;

use super::{
    failure::Result,
    rows,
    session::{Session, get, int, uint},
};
use crate::{
    CredentialCounts, CredentialFilter, Newest, StoreError,
    columns::{self, Filter},
};

/// A filter as a part of a WHERE clause, with parameters $1 to $5.
fn clause(filter: &Filter) -> String {
    // Two forms, so that the one for an organization goes by an index.
    let whose =
        if filter.organization_id.is_some() { "organization_id = $1" } else { "$1::text IS NULL" };
    format!(
        "{whose} AND ($2::text IS NULL OR status = $2)
        AND ($3::text IS NULL OR strpos(folded_name, $3) > 0 OR strpos(client_id, $4::text) > 0)
        AND ($5::text IS NULL OR strpos(folded_tags, $5) > 0)"
    )
}

/// What $1 to $5 stand for, and the rest of the parameters after them.
fn with<'a>(filter: &'a Filter, rest: &[&'a (dyn ToSql + Sync)]) -> Vec<&'a (dyn ToSql + Sync)> {
    let own: [&(dyn ToSql + Sync); 5] =
        [&filter.organization_id, &filter.status, &filter.folded_text, &filter.text, &filter.tag];
    own.into_iter().chain(rest.iter().copied()).collect()
}

/// One page, in the order of the ids.
pub(super) async fn page(
    session: &Session,
    filter: &CredentialFilter,
    after: Option<&ClientId>,
    limit: usize,
) -> Result<Vec<Credential>> {
    let filter = Filter::new(filter);
    let sql = format!(
        "SELECT client_id, document FROM credentials
         WHERE {} AND client_id > $6 ORDER BY client_id LIMIT $7",
        clause(&filter)
    );
    let (after, limit) = (after.map_or("", |id| id.as_str()), int(limit as u64));
    rows::list(session, &sql, &with(&filter, &[&after, &limit]), "credential").await
}

/// One page, the newest first.
pub(super) async fn newest(
    session: &Session,
    filter: &CredentialFilter,
    before: Option<&Newest>,
    limit: usize,
) -> Result<Vec<Credential>> {
    let filter = Filter::new(filter);
    let sql = format!(
        "SELECT client_id, document FROM credentials
         WHERE {} AND (created_at, client_id) < ($6, $7)
         ORDER BY created_at DESC, client_id DESC LIMIT $8",
        clause(&filter)
    );
    let created_at = int(before.map_or(u64::MAX, |place| place.created_at.as_millis()));
    let client_id = before.map_or("", |place| place.client_id.as_str());
    let limit = int(limit as u64);
    rows::list(session, &sql, &with(&filter, &[&created_at, &client_id, &limit]), "credential")
        .await
}

/// How many there are.
pub(super) async fn count(session: &Session, filter: &CredentialFilter) -> Result<u64> {
    let filter = Filter::new(filter);
    let sql = format!("SELECT count(*) FROM credentials WHERE {}", clause(&filter));
    Ok(session.first(&sql, &with(&filter, &[]), |row| uint(row, 0)).await?.unwrap_or(0))
}

/// How many of each status each organization has.
pub(super) async fn counts(
    session: &Session,
    of: Option<&OrganizationId>,
) -> Result<Vec<(OrganizationId, CredentialCounts)>> {
    // One statement for each, so that each goes by the index.
    let whose = if of.is_some() { "organization_id = $1" } else { "$1::text IS NULL" };
    let sql = format!(
        "SELECT organization_id, count(*) FILTER (WHERE status = 'pending'),
            count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'paused'),
            count(*) FILTER (WHERE status = 'revoked')
         FROM credentials WHERE {whose} GROUP BY organization_id ORDER BY organization_id"
    );
    session
        .all(&sql, &[&of.map(OrganizationId::as_str)], |row| {
            let id: &str = get(row, 0)?;
            let damaged = |why| StoreError::damaged(format!("organization {id}"), why);
            let counts = CredentialCounts {
                pending: uint(row, 1)?,
                active: uint(row, 2)?,
                paused: uint(row, 3)?,
                revoked: uint(row, 4)?,
            };
            Ok((id.parse().map_err(damaged)?, counts))
        })
        .await
}

/// Those that await their expiry, the longest overdue first.
pub(super) async fn due(session: &Session, now: Timestamp, limit: usize) -> Result<Vec<ClientId>> {
    let sql = "SELECT client_id FROM credentials WHERE next_expiry_at <= $1
         ORDER BY next_expiry_at LIMIT $2";
    let read = |row: &_| columns::client_id(get(row, 0)?, "credential");
    session.all(sql, &[&int(now.as_millis()), &int(limit as u64)], read).await
}
