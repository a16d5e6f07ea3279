//! Reading the two logs: the changes, and the live set of the revocation feed. It must never
//! hand out changes with a gap.

use hallpass_core::{Change, change::Death};

use super::{
    failure::Result,
    rows,
    session::{Session, get, int, uint},
};
use crate::{Feed, StoreError, document};

/// The number of the last change.
pub(super) async fn last_seq(session: &Session) -> Result<u64> {
    let seq = session.first("SELECT seq FROM installation", &[], |row| uint(row, 0)).await?;
    Ok(seq.ok_or_else(rows::no_installation)?)
}

/// The changes that follow `after`. One statement, so both tables are seen at one moment.
pub(super) async fn changes_after(
    session: &Session,
    after: u64,
    limit: usize,
) -> Result<Vec<Change>> {
    let sql = "SELECT installation.seq, next.seq, next.document FROM installation LEFT JOIN
            (SELECT seq, document FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2) AS next
            ON TRUE
         ORDER BY next.seq";
    let rows = session.rows(sql, &[&int(after), &int(limit as u64)]).await?;
    let newest = uint(rows.first().ok_or_else(rows::no_installation)?, 0)?;
    let mut changes: Vec<Change> = Vec::with_capacity(rows.len());
    let mut expected = after;
    let mut gone = after > newest;
    for row in &rows {
        // Without changes there is one row, of the counter alone.
        let Some(seq) = get::<Option<i64>>(row, 1)? else { break };
        expected += 1;
        gone |= seq != int(expected);
        changes.push(document::read(get(row, 2)?, || format!("change {seq}"))?);
    }
    gone |= changes.is_empty() && after < newest && limit > 0;
    if gone {
        let first = "SELECT seq FROM changes ORDER BY seq LIMIT 1";
        let oldest = session.first(first, &[], |row| uint(row, 0)).await?.unwrap_or(0);
        return Err(StoreError::ChangesGone { after, oldest, newest }.into());
    }
    Ok(changes)
}

/// What is dead now. One statement, for the same reason.
pub(super) async fn feed(session: &Session) -> Result<Feed> {
    let sql = "SELECT installation.feed_seq, feed.feed_seq, feed.document
         FROM installation LEFT JOIN feed ON TRUE ORDER BY feed.feed_seq";
    let rows = session.rows(sql, &[]).await?;
    let feed_seq = uint(rows.first().ok_or_else(rows::no_installation)?, 0)?;
    let mut deaths = Vec::with_capacity(rows.len());
    for row in &rows {
        if get::<Option<i64>>(row, 1)?.is_none() {
            break;
        }
        let feed_seq = uint(row, 1)?;
        let entry = document::read(get(row, 2)?, || format!("death {feed_seq}"))?;
        deaths.push(Death { feed_seq, entry });
    }
    Ok(Feed { feed_seq, deaths })
}

/// Leaves numbers of the feed out.
pub(super) async fn skip_deaths(session: &Session, skipped: u64) -> Result<()> {
    let sql = "UPDATE installation SET feed_seq = feed_seq + $1";
    session.execute(sql, &[&int(skipped)]).await.map(drop)
}
