//! What a browser carries for us and cannot read or change: sealed under a key that the vault
//! derives, each for one purpose and one stretch of time. So nothing is stored for strangers.

use hallpass_core::{Timestamp, vault::Sealed};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::cookie;
use crate::{app::App, entropy};

/// A kind of thing that is carried: the cookie's name, which is sealed with it, and how long it
/// is good, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    pub(crate) cookie: &'static str,
    pub(crate) lasts_s: u64,
}

#[derive(Deserialize, Serialize)]
struct Dated<T> {
    until: Timestamp,
    what: T,
}

impl Purpose {
    /// The `Set-Cookie` that lets the browser carry it. `None` if it is too large for a cookie.
    pub(crate) fn hand_over<T: Serialize>(self, app: &App, what: &T) -> Option<HeaderValue> {
        let until = app.clock.now().plus_secs(self.lasts_s);
        let clear = serde_json::to_vec(&Dated { until, what }).ok()?;
        let sealed = app.live.keys.vault().seal_to_carry(self.cookie, &clear, entropy::bytes());
        let sealed =
            sealed.inspect_err(|why| tracing::error!(%why, "Cannot seal a cookie")).ok()?;
        // Browsers drop larger ones without a word.
        (sealed.as_str().len() < 3800)
            .then(|| cookie::set(&app.config, self.cookie, sealed.as_str(), self.lasts_s))?
    }

    /// What a request brings back; nothing if it was made up, changed or is too old.
    pub(crate) fn take_back<T: DeserializeOwned>(
        self,
        app: &App,
        headers: &HeaderMap,
    ) -> Option<T> {
        let sealed = Sealed::presented(&cookie::read(headers, &app.config, self.cookie)?);
        let clear = app.live.keys.vault().open_carried(self.cookie, &sealed).ok()?;
        let dated: Dated<T> = serde_json::from_slice(&clear).ok()?;
        (app.clock.now() < dated.until).then_some(dated.what)
    }

    /// The `Set-Cookie` that takes it away.
    pub(crate) fn forget(self, app: &App) -> Option<HeaderValue> {
        cookie::set(&app.config, self.cookie, "", 0)
    }
}
