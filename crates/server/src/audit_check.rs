//! Whether the audit log is as it was written, as far as this node has looked. A check reads all
//! of it, so one runs at a time, and pages show what the last one has found.

use std::sync::{Mutex, PoisonError};

use hallpass_core::Timestamp;
use hallpass_store::{Chain, StoreError};

use crate::app::App;

/// The last check.
#[derive(Debug, Default)]
pub(crate) struct AuditCheck {
    last: Mutex<Option<(Chain, Timestamp)>>,
    turn: tokio::sync::Mutex<()>,
}

impl AuditCheck {
    /// What the last check has found, and when; `None` since the start.
    pub(crate) fn last(&self) -> Option<(Chain, Timestamp)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks. Whoever asks while a check runs waits for that one.
    pub(crate) async fn run(&self, app: &App) -> Result<(), StoreError> {
        let asked_at = app.clock.now();
        let _turn = self.turn.lock().await;
        if self.last().is_some_and(|(_, at)| at > asked_at) {
            return Ok(());
        }
        let chain = app.store.verify_audit_chain().await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((chain, app.clock.now()));
        if let Chain::Broken { seq } = chain {
            tracing::error!(event.seq = seq, "The audit log was tampered with");
        }
        Ok(())
    }
}
