//! What has to be done now and then: say when the feed is lost and when it is back, drop what no
//! longer kills anything, save the feed. It never touches what is on the way of a request for
//! longer than a swap.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::{info, warn};

use crate::{feed::Knowledge, saved::Saved};

const TICK: Duration = Duration::from_secs(1);

/// Ticks between two saves of a feed that has moved.
const SAVE_MOVED: u64 = 10;

/// Ticks between two saves of the freshness alone, and between two prunings.
const EVERY_MINUTE: u64 = 60;

/// Runs until it is dropped.
pub(crate) async fn run(knowledge: Arc<Knowledge>, saved: Option<Arc<Saved>>) {
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tick, mut saved_seq, mut blind_since) = (0_u64, None, None);
    loop {
        ticks.tick().await;
        tick += 1;
        blind_since = tell(&knowledge, blind_since);
        let seq = *knowledge.applied().borrow();
        let minute = tick.is_multiple_of(EVERY_MINUTE);
        let moved = tick.is_multiple_of(SAVE_MOVED) && seq != saved_seq;
        let save_to = saved.clone().filter(|_| minute || moved);
        if save_to.is_some() {
            saved_seq = seq;
        }
        if minute || save_to.is_some() {
            let knowledge = knowledge.clone();
            let work = move || {
                if minute {
                    knowledge.prune();
                }
                if let Some(saved) = save_to {
                    save(&knowledge, &saved);
                }
            };
            // It fails only while the runtime ends.
            let _ = spawn_blocking(work).await;
        }
    }
}

/// Saves the feed, as far as there is anything sure to save.
pub(crate) fn save(knowledge: &Knowledge, saved: &Saved) {
    if let Some(snapshot) = knowledge.to_save() {
        saved.keep_feed(&snapshot);
    }
}

/// One line when the verifier goes blind, and one when it sees again.
fn tell(knowledge: &Knowledge, since: Option<Instant>) -> Option<Instant> {
    let freshness = knowledge.freshness_now();
    match (freshness.blind, since) {
        (true, None) => {
            let max_staleness_s = knowledge.choice().max_staleness_s;
            let when_stale = knowledge.choice().when_stale;
            let staleness_s = freshness.staleness_s;
            let not_understood = knowledge.not_understood();
            warn!(
                feed.staleness_s = staleness_s,
                feed.not_understood = not_understood,
                "Blind: deaths of tokens may go unnoticed; after {max_staleness_s} s: {when_stale:?}"
            );
            Some(Instant::now())
        }
        (false, Some(since)) => {
            info!(feed.blind_s = since.elapsed().as_secs(), "The revocation feed is back");
            None
        }
        (_, since) => since,
    }
}
