//! A line between two machines: how long things take on it, and whether anything comes through.
//! What is lost, late or doubled is drawn here.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::rng::Rng;

/// What a line does to what is on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Weather {
    /// Everything comes, within moments.
    Calm,
    /// Things come late, twice, in the wrong order, or not at all.
    Storm,
}

struct Inner {
    rng: Rng,
    is_up: bool,
    weather: Weather,
    /// Since when it has been up and calm; `None` while it is not.
    good_since: Option<Instant>,
    /// Since when it has been cut.
    cut_since: Option<Instant>,
    /// Cancelled when the line is cut: what is open on it breaks.
    cut: CancellationToken,
    /// Whether whoever is on a cut line is told so, or only hears nothing.
    is_silent: bool,
}

/// The line.
pub(crate) struct Line(Mutex<Inner>);

impl Line {
    /// A calm line.
    pub(crate) fn new(rng: Rng) -> Self {
        Self(Mutex::new(Inner {
            rng,
            is_up: true,
            weather: Weather::Calm,
            good_since: Some(Instant::now()),
            cut_since: None,
            cut: CancellationToken::new(),
            is_silent: false,
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts it.
    pub(crate) fn cut(&self) {
        let mut inner = self.inner();
        if inner.is_up {
            inner.is_silent = inner.rng.once_in(2);
            inner.is_up = false;
            inner.good_since = None;
            inner.cut_since = Some(Instant::now());
            inner.cut.cancel();
        }
    }

    /// Mends it.
    pub(crate) fn mend(&self) {
        let mut inner = self.inner();
        if !inner.is_up {
            inner.is_up = true;
            inner.cut_since = None;
            inner.cut = CancellationToken::new();
            inner.good_since = (inner.weather == Weather::Calm).then(Instant::now);
        }
    }

    /// Changes the weather.
    pub(crate) fn set_weather(&self, weather: Weather) {
        let mut inner = self.inner();
        if inner.weather != weather {
            inner.weather = weather;
            let is_good = inner.is_up && weather == Weather::Calm;
            inner.good_since = is_good.then(Instant::now);
        }
    }

    /// Whether anything comes through.
    pub(crate) fn is_up(&self) -> bool {
        self.inner().is_up
    }

    /// Since when it has been up and calm.
    pub(crate) fn good_since(&self) -> Option<Instant> {
        self.inner().good_since
    }

    /// Since when it has been cut.
    pub(crate) fn cut_since(&self) -> Option<Instant> {
        self.inner().cut_since
    }

    /// What breaks when it is cut, and whether that is noticed.
    pub(crate) fn breaks(&self) -> CancellationToken {
        self.inner().cut.clone()
    }

    /// Whether a cut is not noticed.
    pub(crate) fn is_silent(&self) -> bool {
        self.inner().is_silent
    }

    /// How long one way takes.
    pub(crate) fn delay(&self) -> Duration {
        let mut inner = self.inner();
        let is_slow = inner.weather == Weather::Storm && inner.rng.once_in(3);
        let most = if is_slow { 2000 } else { 50 };
        inner.rng.ms(1, most)
    }

    /// How long until somebody on a cut line gives up.
    pub(crate) fn patience(&self) -> Duration {
        self.inner().rng.ms(1, 1500)
    }

    /// True once in `times` times, in a storm.
    pub(crate) fn mishap(&self, times: u64) -> bool {
        let mut inner = self.inner();
        inner.weather == Weather::Storm && inner.rng.once_in(times)
    }

    /// True once in `times` times, in any weather.
    pub(crate) fn chance(&self, times: u64) -> bool {
        self.inner().rng.once_in(times)
    }
}
