//! Reading the two logs: the changes, and the live set of the revocation feed. It must never
//! hand out changes with a gap.

use hallpass_core::{Change, change::Death};
use rusqlite::params;

use super::{
    rows,
    session::{Session, int, uint},
};
use crate::{Feed, StoreError, document};

/// The number of the last change.
pub(super) fn last_seq(session: &Session) -> Result<u64, StoreError> {
    let seq = session.first("SELECT seq FROM installation", [], |row| uint(row, 0))?;
    seq.ok_or_else(rows::no_installation)
}

/// The changes that follow `after`.
pub(super) fn changes_after(
    session: &Session,
    after: u64,
    limit: usize,
) -> Result<Vec<Change>, StoreError> {
    session.at_one_moment(|session| {
        let newest = last_seq(session)?;
        let sql = "SELECT seq, document FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut expected = after;
        let mut gone = after > newest;
        let changes = session.all(sql, params![int(after), int(limit as u64)], |row| {
            let seq = uint(row, 0)?;
            expected += 1;
            gone |= seq != expected;
            document::read(&row.get::<_, String>(1)?, || format!("change {seq}"))
        })?;
        gone |= changes.is_empty() && after < newest && limit > 0;
        if gone {
            let first = "SELECT seq FROM changes ORDER BY seq LIMIT 1";
            let oldest = session.first(first, [], |row| uint(row, 0))?.unwrap_or(0);
            return Err(StoreError::ChangesGone { after, oldest, newest });
        }
        Ok(changes)
    })
}

/// What is dead now. To be called within one moment if more is read with it.
pub(super) fn feed(session: &Session) -> Result<Feed, StoreError> {
    let feed_seq = session.first("SELECT feed_seq FROM installation", [], |row| uint(row, 0))?;
    let sql = "SELECT feed_seq, document FROM feed ORDER BY feed_seq";
    let deaths = session.all(sql, [], |row| {
        let feed_seq = uint(row, 0)?;
        let entry = document::read(&row.get::<_, String>(1)?, || format!("death {feed_seq}"))?;
        Ok(Death { feed_seq, entry })
    })?;
    Ok(Feed { feed_seq: feed_seq.ok_or_else(rows::no_installation)?, deaths })
}

/// Leaves numbers of the feed out.
pub(super) fn skip_deaths(session: &Session, skipped: u64) -> Result<(), StoreError> {
    let sql = "UPDATE installation SET feed_seq = feed_seq + ?1";
    session.execute(sql, [int(skipped)]).map(drop)
}
