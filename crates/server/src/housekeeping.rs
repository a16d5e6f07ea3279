//! What a node does by itself, beside answering: follow the change log, let what has expired
//! expire, rotate keys, write usage, forget what nobody needs. Every task ends when the app
//! closes, and none ever ends the process.

use std::{sync::Arc, time::Duration};

use hallpass_core::{Mutation, Timestamp, audit::Actor};
use hallpass_store::{Retention, StoreError};
use hallpass_token::jose::Algorithm;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::{app::App, foreign_secrets, notices, presence, rotation::Rotation, usage::Batch};

/// Between two looks for what has expired, in milliseconds.
const EXPIRY_MS: u64 = 500;

/// Between two looks at the key rings, in seconds.
const RINGS_S: u64 = 30;

/// Between two removals of what nobody needs, in seconds.
const PRUNE_S: u64 = 600;

/// Between the first use of a credential and its being written, in milliseconds.
const FIRST_USE_MS: u64 = 500;

/// Between two looks for something to tell, and for something to send, in milliseconds.
const NOTICES_MS: u64 = 1000;

/// Between two looks for addresses that are new, in seconds.
const ADDRESSES_S: u64 = 60;

/// Between two looks for ends that are near and credentials that nobody uses, in seconds.
const ENDS_S: u64 = 3600;

/// Between two checks of the whole audit log, in seconds.
const AUDIT_S: u64 = 86_400;

/// Credentials that expire in one go.
const DUE_AT_ONCE: usize = 500;

/// Starts all tasks. They end soon after `app.closing` is cancelled.
pub fn start(app: &App) -> TaskTracker {
    let tasks = TaskTracker::new();
    let ms = Duration::from_millis;
    let secs = Duration::from_secs;
    tasks.spawn(follow(app.clone()));
    tasks.spawn(every(app.clone(), ms(app.config.heartbeat_ms), beat));
    tasks.spawn(every(app.clone(), ms(EXPIRY_MS), expire));
    tasks.spawn(every(app.clone(), secs(RINGS_S), rotate));
    tasks.spawn(every(app.clone(), secs(PRUNE_S), prune));
    tasks.spawn(every(app.clone(), ms(NOTICES_MS), notices::follow));
    tasks.spawn(every(app.clone(), ms(NOTICES_MS), notices::send));
    tasks.spawn(every(app.clone(), secs(ADDRESSES_S), notices::watch_addresses));
    tasks.spawn(every(app.clone(), secs(ENDS_S), notices::watch_ends));
    tasks.spawn(every(app.clone(), secs(AUDIT_S), check_audit));
    tasks.spawn(presence::keep(app.clone()));
    tasks.spawn(write_usage(app.clone()));
    tasks.spawn(foreign_secrets::upgrade(app.clone()));
    tasks.close();
    tasks
}

async fn every<F: Future<Output = ()>>(app: App, period: Duration, work: fn(App) -> F) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = ticks.tick() => work(app.clone()).await,
        }
    }
}

/// Follows the change log. Says once that it cannot, and once that it can again.
async fn follow(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_millis(app.config.tail_poll_ms));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut blind = false;
    let mut with_keys = None;
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match app.live.poll().await {
            Ok(()) if blind => {
                blind = false;
                info!("The change log can be read again");
            }
            Ok(()) => {}
            Err(why) => {
                app.metrics.tail_failures.inc();
                if !blind {
                    blind = true;
                    error!(%why, "Cannot read the change log; tokens go on until max_staleness_s");
                }
            }
        }
        // A new API may sign with an algorithm that has no key yet, whoever wrote it.
        let catalog = app.live.directory.catalog();
        if !with_keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, &catalog)) {
            ensure_keys(&app).await;
            with_keys = Some(catalog);
        }
    }
}

async fn beat(app: App) {
    app.live.feed.beat(app.live.as_of());
}

async fn expire(app: App) {
    let due = match app.store.due(app.clock.now(), DUE_AT_ONCE).await {
        Ok(due) => due,
        Err(why) => return warn!(%why, "Cannot look for what has expired"),
    };
    for client_id in due {
        let mutation = Mutation::ExpireCredential(client_id.clone());
        match app.live.commit(&mutation, &Actor::Server).await {
            Ok(change) => {
                info!(client.id = %client_id, change.seq = change.seq, "Expired");
            }
            // Another node was quicker.
            Err(StoreError::Conflict(_)) => {}
            Err(why) => return warn!(%why, "Cannot expire credentials"),
        }
    }
}

async fn ensure_keys(app: &App) {
    for api in app.live.directory.catalog().iter() {
        if app.live.keys.algorithms().contains(&api.algorithm) {
            continue;
        }
        match rotation(app, app.clock.now()).ensure(api.algorithm).await {
            Ok(_) => info!(algorithm = %api.algorithm, "Made the first signing key"),
            Err(why) => error!(%why, algorithm = %api.algorithm, "Cannot make a signing key"),
        }
        catch_up(app).await;
    }
}

async fn rotate(app: App) {
    ensure_keys(&app).await;
    let now = app.clock.now();
    for ring in app.live.keys.rings() {
        if let Some(newest) = ring.newest() {
            let next = newest.signs_from.plus_secs(app.config.key_rotation_s);
            if next.minus_secs(app.config.key_publish_lead_s) <= now {
                let signs_from = next.max(now.plus_secs(app.config.key_publish_lead_s));
                rotate_ring(&app, ring.algorithm, signs_from).await;
            }
        }
        drop_gone(&app, ring.algorithm, now).await;
    }
}

async fn rotate_ring(app: &App, algorithm: Algorithm, signs_from: Timestamp) {
    match rotation(app, app.clock.now()).rotate(algorithm, signs_from).await {
        Ok(_) => info!(%algorithm, signs_from_s = signs_from.as_secs(), "Published the next key"),
        Err(why) => warn!(%why, %algorithm, "Did not publish the next key"),
    }
    catch_up(app).await;
}

async fn drop_gone(app: &App, algorithm: Algorithm, now: Timestamp) {
    let Ok(installation) = app.store.installation().await else { return };
    let ring = app.live.keys.rings().into_iter().find(|ring| ring.algorithm == algorithm);
    if !ring.is_some_and(|ring| ring.has_gone(&installation, now)) {
        return;
    }
    if let Err(why) = app.live.commit(&Mutation::DropGoneKeys(algorithm), &Actor::Server).await {
        warn!(%why, %algorithm, "Cannot drop keys that are gone");
    }
}

async fn prune(app: App) {
    let now = app.clock.now();
    app.live.feed.prune(now);
    match app.store.prune(now, &Retention::default()).await {
        Ok(pruned) => debug!(?pruned, "Pruned"),
        Err(why) => warn!(%why, "Cannot prune"),
    }
}

async fn check_audit(app: App) {
    let outcome = tokio::select! {
        () = app.closing.cancelled() => return,
        outcome = app.audit_check.run(&app) => outcome,
    };
    if let Err(why) = outcome {
        warn!(%why, "Cannot check the audit log");
    }
}

/// Writes usage now and then, soon after a credential's first use, and at the end.
async fn write_usage(app: App) {
    let period = Duration::from_secs(app.config.usage_flush_s);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => {}
            () = tokio::time::sleep(period) => {}
            // Waits a little for the first uses of others, which may come in a crowd.
            () = app.usage.first_use() => tokio::select! {
                () = app.closing.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(FIRST_USE_MS)) => {}
            },
        }
        let ending = app.closing.is_cancelled();
        write_batch(&app, &app.usage.drain()).await;
        if ending {
            return;
        }
    }
}

async fn write_batch(app: &App, batch: &Batch) {
    if batch.usage.is_empty() && batch.sightings.is_empty() {
        return;
    }
    let written = async {
        if !batch.usage.is_empty() {
            app.store.record_usage(&batch.usage).await?;
        }
        if !batch.sightings.is_empty() {
            app.store.record_sightings(&batch.sightings).await?;
        }
        Ok::<_, StoreError>(())
    };
    match written.await {
        Ok(()) => {
            app.metrics.usage_batches.inc();
        }
        Err(why) => {
            // Not kept for later: a count is worth less than the memory that would fill up.
            app.metrics.usage_lost.inc();
            warn!(%why, rows = batch.usage.len(), "Lost a batch of usage counts");
        }
    }
}

async fn catch_up(app: &App) {
    if let Err(why) = app.live.catch_up().await {
        warn!(%why, "Cannot read the change log");
    }
}

fn rotation(app: &App, now: Timestamp) -> Rotation<'_> {
    Rotation { store: &*app.store, vault: app.live.keys.vault(), actor: &Actor::Server, now }
}
