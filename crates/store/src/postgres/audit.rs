//! Reading the audit log, and checking that it is as it was written. Events are written in
//! `commit.rs` alone.

use hallpass_core::{Timestamp, audit::Event};
use tokio_postgres::Row;

use super::{
    failure::Result,
    rows,
    session::{Session, get, int, uint},
};
use crate::{
    AuditFilter, Chain, StoreError,
    chain::Follower,
    columns::{EventRow, storable},
};

/// How many events one statement reads.
const PAGE: u64 = 1000;

/// Events, newest first.
pub(super) async fn page(
    session: &Session,
    filter: &AuditFilter,
    before_seq: Option<u64>,
    limit: usize,
) -> Result<Vec<Event>> {
    // One statement for each filter, so that each goes by its index whatever else is asked.
    let which = match (&filter.subject, &filter.actor_id, &filter.organization_id) {
        (Some(_), ..) => {
            "subject = $2 AND ($3::text IS NULL OR actor_id = $3)
            AND ($1::text IS NULL OR organization_id = $1)"
        }
        (None, Some(_), _) => {
            "$2::text IS NULL AND actor_id = $3 AND ($1::text IS NULL OR organization_id = $1)"
        }
        (None, None, Some(_)) => "$2::text IS NULL AND $3::text IS NULL AND organization_id = $1",
        (None, None, None) => "$1::text IS NULL AND $2::text IS NULL AND $3::text IS NULL",
    };
    let sql = format!(
        "SELECT seq, at, actor, action, subject, organization_id, detail, hash
         FROM audit WHERE {which} AND seq < $4
            AND ($5::text IS NULL OR left(action, length($5)) = $5) AND at >= $6 AND at < $7
         ORDER BY seq DESC LIMIT $8"
    );
    let text = |part: &Option<String>| part.as_deref().map(storable);
    let organization_id = filter.organization_id.as_ref().map(|id| id.as_str());
    let (since, until) = (filter.since.map_or(0, Timestamp::as_millis), filter.until);
    session
        .all(
            &sql,
            &[
                &organization_id,
                &text(&filter.subject),
                &text(&filter.actor_id),
                &int(before_seq.unwrap_or(u64::MAX)),
                &text(&filter.action),
                &int(since),
                &int(until.map_or(u64::MAX, Timestamp::as_millis)),
                &int(limit as u64),
            ],
            event,
        )
        .await
}

const AFTER: &str = "SELECT seq, at, actor, action, subject, organization_id, detail, hash
     FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";

/// Events after one, oldest first.
pub(super) async fn after(session: &Session, seq: u64, limit: usize) -> Result<Vec<Event>> {
    session.all(AFTER, &[&int(seq), &int(limit as u64)], event).await
}

/// Recomputes every hash.
pub(super) async fn verify(session: &Session) -> Result<Chain> {
    session
        .at_one_moment(async {
            let counter = "SELECT seq, audit_hash FROM installation";
            let read = |row: &_| Ok((uint(row, 0)?, get::<String>(row, 1)?));
            let end = session.first(counter, &[], read).await?;
            let (seq, hash) = end.ok_or_else(rows::no_installation)?;

            let mut follower = Follower::new();
            // Below the first, so that an event of number 0 is not passed over.
            let mut after = -1_i64;
            loop {
                let rows = session.rows(AFTER, &[&after, &int(PAGE)]).await?;
                for row in &rows {
                    after = get(row, 0)?;
                    if !follower.is_done() {
                        follower.follow(event(row))?;
                    }
                }
                if rows.is_empty() || follower.is_done() {
                    return Ok(follower.end(seq, &hash));
                }
            }
        })
        .await
}

fn event(row: &Row) -> std::result::Result<Event, StoreError> {
    EventRow {
        seq: uint(row, 0)?,
        at: uint(row, 1)?,
        actor: get(row, 2)?,
        action: get(row, 3)?,
        subject: get(row, 4)?,
        organization_id: get(row, 5)?,
        detail: get(row, 6)?,
        hash: get(row, 7)?,
    }
    .read()
}
