//! The token source: serves the current token, and sees to it that there is one. Callers wait only
//! while there is no living token. Correctness must never depend on a background task: whatever
//! such a task leaves undone, the next caller does.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{
    builder::Random,
    clock::Clock,
    endpoint::Endpoint,
    error::{Cause, Failure, TokenError},
    flight::Flight,
    schedule::Backoff,
    token::AccessToken,
};

/// Fetches, keeps and renews the access token of one credential for one API. Clones share the
/// token. Made by a [`Builder`](crate::Builder).
#[derive(Clone)]
pub struct TokenSource(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    clock: Box<dyn Clock>,
    random: Random,
    flight: Flight,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<AccessToken>,
    backoff: Backoff,
    /// Where and why the last attempt failed; gone after a success.
    trouble: Option<(String, Cause)>,
}

/// What a caller is to do.
enum Look {
    Serve(AccessToken),
    ServeAndRefresh(AccessToken),
    Fetch,
    Fail(TokenError),
}

impl TokenSource {
    pub(crate) fn new(
        endpoint: Endpoint,
        clock: Box<dyn Clock>,
        random: Random,
        flight: Flight,
    ) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Shared { endpoint, clock, random, flight, state }))
    }

    /// A living token: from memory if there is one, else fetched (once for all who wait).
    ///
    /// Cancel-safe. Must run inside a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// [`TokenError`] when there is no living token and the issuer gave none; the same error is
    /// served from memory until the next attempt is due.
    pub async fn token(&self) -> Result<AccessToken, TokenError> {
        self.obtain().await.map(|(token, _)| token)
    }

    /// Drops the token if it is still the current one, because the API refused it. A token that
    /// somebody has replaced meanwhile is left alone, so that many callers who were refused
    /// together cause one fetch.
    pub fn invalidate(&self, refused: &AccessToken) {
        let mut state = self.0.state();
        if state.current.as_ref().is_some_and(|current| current.is_same(refused)) {
            state.current = None;
        }
    }

    /// The token, and whether it was fetched during this very call.
    pub(crate) async fn obtain(&self) -> Result<(AccessToken, bool), TokenError> {
        let mut fresh = false;
        loop {
            match self.0.look() {
                Look::Serve(token) => return Ok((token, fresh)),
                Look::ServeAndRefresh(token) => {
                    self.refresh_in_background();
                    return Ok((token, fresh));
                }
                Look::Fail(error) => return Err(error),
                Look::Fetch => {}
            }
            fresh = true;
            let Some(_guard) = self.0.flight.board().await else { continue };
            // Somebody else may have fetched while this caller waited.
            if matches!(self.0.look(), Look::Fetch) {
                return self.0.fetch().await.map(|token| (token, true));
            }
        }
    }

    pub(crate) fn is_current(&self, token: &AccessToken) -> bool {
        self.0.state().current.as_ref().is_some_and(|current| current.is_same(token))
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    pub(crate) fn random(&self) -> f64 {
        (self.0.random)()
    }

    fn refresh_in_background(&self) {
        // Without a runtime there is nobody to do it; a later caller will.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(guard) = self.0.flight.try_board() else { return };
        if !matches!(self.0.look(), Look::ServeAndRefresh(_)) {
            return; // Another refresh ended between the look and the boarding.
        }
        let shared = Arc::clone(&self.0);
        runtime.spawn(async move {
            let _guard = guard;
            if let Err(error) = shared.fetch().await {
                let client_id = &shared.endpoint.client_id;
                tracing::warn!(client.id = %client_id, %error, "Kept the old access token");
            }
        });
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_id = &self.0.endpoint.client_id;
        f.debug_struct("TokenSource").field("client_id", client_id).finish_non_exhaustive()
    }
}

impl Shared {
    fn look(&self) -> Look {
        let now = self.clock.now();
        let state = self.state();
        match &state.current {
            Some(token) if token.is_alive(now) => {
                if token.is_due(now) && state.backoff.wait(now).is_none() {
                    Look::ServeAndRefresh(token.clone())
                } else {
                    Look::Serve(token.clone())
                }
            }
            _ => state.failure(now).map_or(Look::Fetch, Look::Fail),
        }
    }

    /// One attempt, and what it teaches. Only for whoever has boarded the flight.
    async fn fetch(&self) -> Result<AccessToken, TokenError> {
        let asked_at = self.clock.now();
        let outcome = self.endpoint.request_token().await;
        let random = (self.random)();
        let mut state = self.state();
        match outcome {
            Ok(answer) => {
                let token = AccessToken::new(answer, asked_at, random);
                state.current = Some(token.clone());
                state.backoff.succeeded();
                state.trouble = None;
                Ok(token)
            }
            Err(Failure { at, cause, retry_after }) => {
                let now = self.clock.now();
                state.backoff.failed(now, retry_after, random);
                state.trouble = Some((at.clone(), cause.clone()));
                Err(state.describe(at, cause, now))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic leaves the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The last failure, until the next attempt is due.
    fn failure(&self, now: Instant) -> Option<TokenError> {
        self.backoff.wait(now)?;
        let (at, cause) = self.trouble.clone()?;
        Some(self.describe(at, cause, now))
    }

    fn describe(&self, at: String, cause: Cause, now: Instant) -> TokenError {
        let retry_in = self.backoff.wait(now).unwrap_or_default();
        let expired_for = self.current.as_ref().and_then(|token| token.expired_for(now));
        TokenError { at, cause, retry_in, expired_for }
    }
}
