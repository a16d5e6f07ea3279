//! Removing what nobody needs any more, one small step at a time. It must never make a gap in
//! the change log: only its beginning goes.

use hallpass_core::Timestamp;
use rusqlite::params;

use super::{
    log,
    session::{Session, int, uint},
    sightings,
};
use crate::{Pruned, Retention, StoreError, receipts};

/// How many rows of a table one transaction removes at most.
pub(super) const STEP: u64 = 1000;

/// One step. There may be more to do if any count reached [`STEP`].
pub(super) fn step(
    session: &Session,
    now: Timestamp,
    keep: &Retention,
) -> Result<Pruned, StoreError> {
    let feed = session.execute(
        "DELETE FROM feed WHERE identity IN
            (SELECT identity FROM feed WHERE until_s <= ?1 LIMIT ?2)",
        params![int(now.as_secs()), int(STEP)],
    )?;
    let hour = (now.as_secs() / 3600).saturating_sub(keep.usage_hours);
    let usage = session.execute(
        "DELETE FROM usage WHERE (client_id, hour, secret, api_id, ending) IN
            (SELECT client_id, hour, secret, api_id, ending FROM usage WHERE hour < ?1 LIMIT ?2)",
        params![int(hour), int(STEP)],
    )?;
    let seen_before = now.minus_secs(keep.usage_hours.saturating_mul(3600));
    let sightings = sightings::prune(session, seen_before, STEP)?;
    let sessions = session.execute(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ends_at <= ?1 LIMIT ?2)",
        params![int(now.as_millis()), int(STEP)],
    )?;
    let receipts = session.execute(
        "DELETE FROM receipts WHERE (owner, key) IN
            (SELECT owner, key FROM receipts WHERE begun_at <= ?1 LIMIT ?2)",
        params![int(now.minus_secs(receipts::KEPT_S).as_millis()), int(STEP)],
    )?;
    let made_before = now.minus_secs(keep.deliveries_s).as_millis();
    let deliveries = session.execute(
        "DELETE FROM deliveries WHERE number IN
            (SELECT number FROM deliveries WHERE created_at < ?1 LIMIT ?2)",
        params![int(made_before), int(STEP)],
    )?;
    let nodes = session.execute(
        "DELETE FROM nodes WHERE (name, address) IN
            (SELECT name, address FROM nodes WHERE said_at < ?1 LIMIT ?2)",
        params![int(now.minus_secs(keep.nodes_s).as_millis()), int(STEP)],
    )? as u64;
    let changes = changes(session, now, keep)?;
    let (feed, usage, sessions) = (feed as u64, usage as u64, sessions as u64);
    let (receipts, deliveries) = (receipts as u64, deliveries as u64);
    Ok(Pruned { feed, changes, usage, sightings, sessions, receipts, deliveries, nodes })
}

fn changes(session: &Session, now: Timestamp, keep: &Retention) -> Result<u64, StoreError> {
    let floor = log::last_seq(session)?.saturating_sub(keep.changes_at_least);
    let old = now.minus_secs(keep.changes_s).as_millis();
    // Clocks differ between nodes: the first change that is young enough ends the step, whatever
    // dates come after it.
    let mut upto = None;
    let mut is_old = true;
    let sql = "SELECT seq, at FROM changes WHERE seq <= ?1 ORDER BY seq LIMIT ?2";
    session.each(sql, params![int(floor), int(STEP)], |row| {
        is_old &= uint(row, 1)? < old;
        if is_old {
            upto = Some(uint(row, 0)?);
        }
        Ok(())
    })?;
    match upto {
        Some(seq) => Ok(session.execute("DELETE FROM changes WHERE seq <= ?1", [int(seq)])? as u64),
        None => Ok(0),
    }
}
