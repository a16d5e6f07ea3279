//! Takes over changed rules while requests go on: when the file changes, and on SIGHUP. A file
//! that cannot be used changes nothing but a line in the log and a metric.

use std::{path::Path, time::SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::{gateway::Gateway, settings::Settings};

/// Time, length and place of a file: the time alone is too coarse to tell a file that is half
/// written from the whole one a moment later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct State(SystemTime, u64, u64);

/// What the looks at the file have come to.
#[derive(Debug, Default)]
struct Looks {
    /// Of the file that was read last.
    read: Option<State>,
    /// Of another one, which may still be being written.
    changed: Option<State>,
}

impl Looks {
    /// Whether the file is to be read: it has changed, and looks as it did a moment ago. Half of a
    /// file may be a good one that lets more through: a route without its last line.
    fn is_due(&mut self, now: Option<State>) -> bool {
        // A file that is away is being replaced.
        let Some(now) = now.filter(|now| self.read != Some(*now)) else {
            self.changed = None;
            return false;
        };
        if self.changed != Some(now) {
            self.changed = Some(now);
            return false;
        }
        *self = Self { read: Some(now), changed: None };
        true
    }
}

/// Looks at the file until the gateway is closed.
pub(crate) async fn keep(gateway: &Gateway) {
    let options = gateway.options();
    let mut looks = Looks { read: gateway.first_look(), changed: None };
    let mut look = tokio::time::interval(options.look);
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        let is_told = tokio::select! {
            () = gateway.closing().cancelled() => return,
            _ = look.tick() => false,
            () = told(&mut hangup) => true,
        };
        let now = state(&options.file);
        if is_told {
            // Whoever says so has written it.
            looks = Looks { read: now, changed: None };
            reload(gateway);
        } else if looks.is_due(now) {
            reload(gateway);
        }
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

pub(crate) fn state(path: &Path) -> Option<State> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_when_nobody_is_writing_it_any_more() {
        let at = |length| Some(State(SystemTime::UNIX_EPOCH, length, 1));
        let mut looks = Looks { read: at(1), changed: None };
        for (now, is_due) in [
            (at(1), false),
            (at(2), false),
            (at(3), false),
            (at(3), true),
            (at(3), false),
            (None, false),
            (at(4), false),
            (None, false),
            (at(4), false),
            (at(4), true),
            (at(5), false),
            (at(4), false), // As it was.
            (at(5), false),
        ] {
            assert_eq!(looks.is_due(now), is_due, "{now:?} {looks:?}");
        }
    }
}
