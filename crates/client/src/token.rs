//! The access token as the caller holds it. It is opaque here: this library never looks inside a
//! token (RFC 6749 §1.4) and never prints one.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::HeaderValue;

use crate::{answer::Answer, schedule, secret::Secret};

/// An access token (RFC 6749 §1.4), cheap to clone. `Debug` prints nothing of it.
#[derive(Clone)]
pub struct AccessToken(Arc<Held>);

struct Held {
    value: Secret,
    authorization: HeaderValue,
    scope: Option<String>,
    refresh_at: Instant,
    expires_at: Instant,
}

impl AccessToken {
    /// `asked_at` is when the request was sent, not when the answer came: so the token is never
    /// believed to live longer than it does.
    pub(crate) fn new(answer: Answer, asked_at: Instant, random: f64) -> Self {
        let refresh_after = schedule::refresh_after(answer.lifetime, answer.refresh_after, random);
        Self(Arc::new(Held {
            value: answer.token,
            authorization: answer.authorization,
            scope: answer.scope,
            refresh_at: asked_at + refresh_after,
            expires_at: asked_at + answer.lifetime,
        }))
    }

    /// The token itself, to be sent as `Authorization: Bearer <token>` (RFC 6750 §2.1) over TLS to
    /// the API it is meant for, and nowhere else.
    pub fn as_str(&self) -> &str {
        self.0.value.expose()
    }

    /// The whole value of the `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> HeaderValue {
        self.0.authorization.clone()
    }

    /// The scope that was granted, if the issuer said so (RFC 6749 §3.3); it may be less than what
    /// was asked for.
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// When the token expires, on the source's clock.
    pub fn expires_at(&self) -> Instant {
        self.0.expires_at
    }

    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        now < self.0.expires_at
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.0.refresh_at
    }

    pub(crate) fn expired_for(&self, now: Instant) -> Option<Duration> {
        now.checked_duration_since(self.0.expires_at)
    }

    /// By value: an issuer that hands out the same token again has handed out the refused one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}
