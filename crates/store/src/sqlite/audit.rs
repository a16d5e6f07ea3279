//! Reading the audit log, and checking that it is as it was written. Events are written in
//! `commit.rs` alone.

use hallpass_core::{Timestamp, audit::Event};
use rusqlite::{Row, params};

use super::{
    rows,
    session::{Session, int, uint},
};
use crate::{AuditFilter, Chain, StoreError, chain::Follower, columns::EventRow};

const COLUMNS: &str = "seq, at, actor, action, subject, organization_id, detail, hash";

/// Events, newest first.
pub(super) fn page(
    session: &Session,
    filter: &AuditFilter,
    before_seq: Option<u64>,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    // One statement for each filter, so that each goes by its index. The unary plus keeps SQLite
    // from taking a wider one.
    let which = match (&filter.subject, &filter.actor_id, &filter.organization_id) {
        (Some(_), ..) => {
            "subject = ?2 AND (?3 IS NULL OR +actor_id = ?3)
            AND (?1 IS NULL OR +organization_id = ?1)"
        }
        (None, Some(_), _) => {
            "?2 IS NULL AND actor_id = ?3
            AND (?1 IS NULL OR +organization_id = ?1)"
        }
        (None, None, Some(_)) => "?2 IS NULL AND ?3 IS NULL AND organization_id = ?1",
        (None, None, None) => "?1 IS NULL AND ?2 IS NULL AND ?3 IS NULL",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE {which} AND seq < ?4
            AND (?5 IS NULL OR substr(action, 1, length(?5)) = ?5) AND at >= ?6 AND at < ?7
         ORDER BY seq DESC LIMIT ?8"
    );
    let params = params![
        filter.organization_id.as_ref().map(|id| id.as_str()),
        filter.subject,
        filter.actor_id,
        int(before_seq.unwrap_or(u64::MAX)),
        filter.action,
        int(filter.since.map_or(0, Timestamp::as_millis)),
        int(filter.until.map_or(u64::MAX, Timestamp::as_millis)),
        int(limit as u64),
    ];
    session.all(&sql, params, event)
}

/// Events after one, oldest first.
pub(super) fn after(session: &Session, seq: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    session.all(&sql, params![int(seq), int(limit as u64)], event)
}

/// Recomputes every hash.
pub(super) fn verify(session: &Session) -> Result<Chain, StoreError> {
    session.at_one_moment(|session| {
        let counter = "SELECT seq, audit_hash FROM installation";
        let end =
            session.first(counter, [], |row| Ok((uint(row, 0)?, row.get::<_, String>(1)?)))?;
        let end = end.ok_or_else(rows::no_installation)?;

        let mut follower = Follower::new();
        session.each(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"), [], |row| {
            if follower.is_done() { Ok(()) } else { follower.follow(event(row)) }
        })?;
        Ok(follower.end(end.0, &end.1))
    })
}

fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    EventRow {
        seq: uint(row, 0)?,
        at: uint(row, 1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        organization_id: row.get(5)?,
        detail: row.get(6)?,
        hash: row.get(7)?,
    }
    .read()
}
