//! A second look at a caller who was let in: for connections that outlive their request.

use hallpass_token::{Rejection, verify};

use super::Verifier;
use crate::caller::Caller;

impl Verifier {
    /// Whether a caller would still be let in: issuer, audience, dates, revocation. For streams
    /// and WebSockets, once a second or so: it costs less than a microsecond, and is not counted
    /// as a request.
    ///
    /// # Errors
    /// The [`Rejection`] that a new request would get.
    pub fn recheck(&self, caller: &Caller) -> Result<(), Rejection> {
        let now_s = self.inner.clock.unix_s();
        verify::check_claims(caller.claims(), &self.policy, now_s)?;
        self.inner.knowledge.judge(&caller.presented(), now_s)
    }
}
