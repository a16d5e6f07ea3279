//! Challenges for passkeys: made for one browser, which carries them sealed; good for five minutes
//! and one answer.

use std::time::Duration;

use hallpass_core::passkey::CHALLENGE_BYTES;
use http::{HeaderMap, HeaderValue};
use moka::sync::Cache;

use super::carried::Purpose;
use crate::{app::App, entropy};

const LASTS_S: u64 = 300;

const PURPOSE: Purpose = Purpose { cookie: "hallpass-challenge", lasts_s: LASTS_S };

/// Answered challenges that are remembered; each is forgotten once it could not be answered again.
const REMEMBERED: u64 = 100_000;

/// Random bytes that an authenticator signs.
pub(crate) type Challenge = [u8; CHALLENGE_BYTES];

/// Those that have been answered.
#[derive(Debug)]
pub(crate) struct Answered(Cache<Challenge, ()>);

impl Default for Answered {
    fn default() -> Self {
        let lives = Duration::from_secs(2 * LASTS_S);
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(lives).build())
    }
}

/// A new challenge, and the `Set-Cookie` that lets the browser carry it.
pub(crate) fn issue(app: &App) -> (Challenge, Option<HeaderValue>) {
    let challenge: Challenge = entropy::bytes();
    (challenge, PURPOSE.hand_over(app, &challenge))
}

/// The challenge that a request answers, the first time that it does.
pub(crate) fn answered(app: &App, headers: &HeaderMap) -> Option<Challenge> {
    let challenge: Challenge = PURPOSE.take_back(app, headers)?;
    let entry = app.answered.0.entry(challenge).or_insert(());
    entry.is_fresh().then_some(challenge)
}
