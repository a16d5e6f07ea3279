//! Removing what nobody needs any more, one small step at a time. It must never make a gap in
//! the change log: only its beginning goes.

use hallpass_core::Timestamp;

use super::{
    failure::Result,
    log,
    session::{Session, get, int, uint},
};
use crate::{Pruned, Retention, receipts};

/// How many rows of a table one transaction removes at most.
pub(super) const STEP: u64 = 1000;

/// One step. There may be more to do if any count reached [`STEP`].
///
/// Every condition stands twice: a row that another transaction renewed between the look and the
/// deletion is looked at again, and stays.
pub(super) async fn step(session: &Session, now: Timestamp, keep: &Retention) -> Result<Pruned> {
    let delete =
        async |sql: &str, before: u64| session.execute(sql, &[&int(before), &int(STEP)]).await;
    let seen_before = now.minus_secs(keep.usage_hours.saturating_mul(3600));
    Ok(Pruned {
        feed: delete(
            "DELETE FROM feed WHERE until_s <= $1 AND identity IN
                (SELECT identity FROM feed WHERE until_s <= $1 LIMIT $2)",
            now.as_secs(),
        )
        .await?,
        usage: delete(
            "DELETE FROM usage WHERE hour < $1 AND (client_id, hour, secret, api_id, ending) IN
                (SELECT client_id, hour, secret, api_id, ending FROM usage WHERE hour < $1
                 LIMIT $2)",
            (now.as_secs() / 3600).saturating_sub(keep.usage_hours),
        )
        .await?,
        sightings: delete(
            "DELETE FROM sightings WHERE last_at < $1 AND (client_id, address, library) IN
                (SELECT client_id, address, library FROM sightings WHERE last_at < $1 LIMIT $2)",
            seen_before.as_millis(),
        )
        .await?,
        sessions: delete(
            "DELETE FROM sessions WHERE ends_at <= $1 AND id IN
                (SELECT id FROM sessions WHERE ends_at <= $1 LIMIT $2)",
            now.as_millis(),
        )
        .await?,
        receipts: delete(
            "DELETE FROM receipts WHERE begun_at <= $1 AND (owner, key) IN
                (SELECT owner, key FROM receipts WHERE begun_at <= $1 LIMIT $2)",
            now.minus_secs(receipts::KEPT_S).as_millis(),
        )
        .await?,
        deliveries: delete(
            "DELETE FROM deliveries WHERE created_at < $1 AND number IN
                (SELECT number FROM deliveries WHERE created_at < $1 LIMIT $2)",
            now.minus_secs(keep.deliveries_s).as_millis(),
        )
        .await?,
        nodes: delete(
            "DELETE FROM nodes WHERE said_at < $1 AND (name, address) IN
                (SELECT name, address FROM nodes WHERE said_at < $1 LIMIT $2)",
            now.minus_secs(keep.nodes_s).as_millis(),
        )
        .await?,
        changes: changes(session, now, keep).await?,
    })
}

async fn changes(session: &Session, now: Timestamp, keep: &Retention) -> Result<u64> {
    let floor = log::last_seq(session).await?.saturating_sub(keep.changes_at_least);
    let old = now.minus_secs(keep.changes_s).as_millis();
    let sql = "SELECT seq, at FROM changes WHERE seq <= $1 ORDER BY seq LIMIT $2";
    let rows = session
        .all(sql, &[&int(floor), &int(STEP)], |row| Ok((get::<i64>(row, 0)?, uint(row, 1)?)))
        .await?;
    // Clocks differ between nodes: the first change that is young enough ends the step, whatever
    // dates come after it.
    match rows.into_iter().take_while(|(_, at)| *at < old).last() {
        Some((seq, _)) => session.execute("DELETE FROM changes WHERE seq <= $1", &[&seq]).await,
        None => Ok(0),
    }
}
