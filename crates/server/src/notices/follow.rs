//! Follows the audit log, which is never pruned, and makes deliveries of what organizations want
//! to hear. The place up to which it has come moves in the transaction that makes them.

use hallpass_core::notice;
use hallpass_store::StoreError;

use crate::app::App;

/// Events in one go.
const PAGE: usize = 500;

/// One look.
pub async fn follow(app: App) {
    let outcome = catch_up(&app).await;
    app.notices.note(&outcome);
}

async fn catch_up(app: &App) -> Result<(), StoreError> {
    loop {
        // Events have the numbers of changes: without a new one of those there is nothing to do.
        if app.notices.told() >= app.live.applied() {
            return Ok(());
        }
        let from = app.store.told_up_to().await?;
        let events = app.store.events_after(from, PAGE).await?;
        let Some(last) = events.last() else {
            app.notices.has_told(from);
            return Ok(());
        };
        let mut new = Vec::new();
        for told in events.iter().filter_map(notice::of_event) {
            new.extend(super::deliveries(app, &told).await?);
        }
        // If another node was quicker, the next round begins where it has come to.
        if app.store.tell(from, last.seq, &new).await? {
            app.metrics.notices_told.inc_by(new.len() as u64);
            app.notices.has_told(last.seq);
        }
    }
}
