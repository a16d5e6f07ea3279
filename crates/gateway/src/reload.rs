//! Takes over changed rules while requests go on: when the file changes, and on SIGHUP. A file
//! that cannot be used changes nothing but a line in the log and a metric.

use std::{path::Path, time::SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::{gateway::Gateway, settings::Settings};

/// Time, length and place of a file: the time alone is too coarse to tell a file that is half
/// written from the whole one a moment later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct State(SystemTime, u64, u64);

/// Looks at the file until the gateway is closed.
pub(crate) async fn keep(gateway: &Gateway) {
    let options = gateway.options();
    let mut seen = state(&options.file);
    let mut look = tokio::time::interval(options.look);
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        let is_told = tokio::select! {
            () = gateway.closing().cancelled() => return,
            _ = look.tick() => false,
            () = told(&mut hangup) => true,
        };
        let now = state(&options.file);
        // A file that is away for a moment is being replaced.
        if !is_told && (now == seen || now.is_none()) {
            continue;
        }
        seen = now;
        reload(gateway);
    }
}

async fn told(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn state(path: &Path) -> Option<State> {
    use std::os::unix::fs::MetadataExt;
    let meta = path.metadata().ok()?;
    Some(State(meta.modified().ok()?, meta.len(), meta.ino()))
}

/// Reads the file again.
fn reload(gateway: &Gateway) {
    let adopted = gateway.options().read().and_then(|(settings, rules)| {
        gateway.adopt(rules)?;
        Ok(settings)
    });
    gateway.metrics().reloaded(adopted.is_ok());
    match adopted {
        Ok(settings) => {
            info!(routes = gateway.routes(), "The rules changed and are in force");
            warn_of_the_rest(&settings, gateway.settings());
        }
        Err(why) => {
            error!(%why, "The rules changed and cannot be used; going on with the old ones")
        }
    }
}

fn warn_of_the_rest(read: &Settings, in_force: &Settings) {
    if read != in_force {
        warn!("A setting outside of the routes changed: that takes a restart");
    }
}
