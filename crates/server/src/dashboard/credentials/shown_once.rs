//! A new secret on its way to the one page that shows it. The browser carries it there, sealed:
//! in a cookie over the redirect, which the page takes away, and in the form below it, so that
//! a mistake in the form does not cost the secret. Neither opens for another person, credential or
//! page, nor late; and nothing of it is ever stored, or put into a URL.

use askama::Template;
use axum::response::Response;
use hallpass_core::{
    ClientId, Timestamp,
    secret::Secret,
    vault::{OpenVault, Sealed},
};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    app::App,
    dashboard::page,
    entropy,
    web::{cookie, error_page::PageError, visitor::Visitor},
};

const COOKIE: &str = "hallpass-once";

/// How long a redirect may take, in seconds.
const REDIRECT_S: u64 = 60;

/// How long a form may be filled in, in seconds: as long as a credential may be pending.
const FORM_S: u64 = hallpass_core::credential::PENDING_S;

/// For whom, of what and where a secret is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShownOnce<'a> {
    vault: &'a OpenVault,
    session: &'a str,
    what: &'a str,
    now: Timestamp,
}

impl<'a> ShownOnce<'a> {
    /// A secret of this credential, for whoever looks at the page.
    pub(super) fn of(app: &'a App, visitor: &'a Visitor, client_id: &'a ClientId) -> Self {
        Self::called(app, visitor, client_id.as_str())
    }

    /// Several secrets under a name of their own.
    pub(super) fn called(app: &'a App, visitor: &'a Visitor, what: &'a str) -> Self {
        let session = visitor.session.id.as_str();
        Self { vault: app.live.keys.vault(), session, what, now: app.clock.now() }
    }

    fn purpose(&self, carrier: &str) -> String {
        format!("shown once/{carrier}/{}/{}", self.session, self.what)
    }

    fn seal(&self, carrier: &str, secret: &Secret, life_s: u64) -> Result<String, PageError> {
        let until = self.now.plus_secs(life_s).as_millis();
        let clear = zeroize::Zeroizing::new(format!("{until}:{}", secret.expose()));
        let purpose = self.purpose(carrier);
        let sealed = self.vault.seal_to_carry(&purpose, clear.as_bytes(), entropy::bytes());
        let sealed = sealed.map_err(|why| {
            tracing::error!(%why, "Cannot seal a secret for its way to the browser");
            PageError::Internal
        })?;
        Ok(sealed.as_str().to_owned())
    }

    fn open(&self, carrier: &str, text: &str) -> Option<Secret> {
        let sealed = Sealed::presented(text);
        let clear = self.vault.open_carried(&self.purpose(carrier), &sealed).ok()?;
        let (until, secret) = std::str::from_utf8(&clear).ok()?.split_once(':')?;
        let is_late = Timestamp::from_millis(until.parse().ok()?) <= self.now;
        (!is_late).then(|| Secret::presented(secret.to_owned()))
    }

    /// The cookie that carries it to the page.
    pub(super) fn cookie(&self, app: &App, secret: &Secret) -> Result<HeaderValue, PageError> {
        let sealed = self.seal("redirect", secret, REDIRECT_S)?;
        cookie::set(&app.config, COOKIE, &sealed, REDIRECT_S).ok_or(PageError::Internal)
    }

    /// What a request to the page brings. The answer must take the cookie away: [`taken`].
    pub(super) fn arrived(&self, app: &App, headers: &HeaderMap) -> Option<Secret> {
        self.open("redirect", &cookie::read(headers, &app.config, COOKIE)?)
    }

    /// What the form on the page holds, to bring it back if it is not good yet.
    pub(super) fn kept(&self, secret: &Secret) -> Result<String, PageError> {
        self.seal("form", secret, FORM_S)
    }

    /// The secret that a form brings back.
    pub(super) fn brought_back(&self, kept: &str) -> Option<Secret> {
        self.open("form", kept)
    }
}

/// A page: if the secret that arrived is on it, it is gone after it.
pub(super) fn show(
    app: &App,
    template: &impl Template,
    was_shown: bool,
) -> Result<Response, PageError> {
    if !was_shown {
        return page::show(template);
    }
    let mut response = page::show_secret(template)?;
    let taken = cookie::set(&app.config, COOKIE, "", 0);
    response.headers_mut().extend(taken.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    #[test]
    fn a_secret_opens_for_its_own_page_in_time_and_for_nothing_else() {
        let vault = OpenVault::from_entropy([3; 32], [4; 32]);
        let at = |session, what, after| ShownOnce {
            vault: &vault,
            session,
            what,
            now: NOW.plus_secs(after),
        };
        let own = at("session", "hpc_1", 0);
        let secret = Secret::from_entropy([1; 32]);
        let cookie = own.seal("redirect", &secret, REDIRECT_S).unwrap();
        let form = own.kept(&secret).unwrap();
        for (place, carrier, text, opens) in [
            (own, "redirect", &cookie, true),
            (at("session", "hpc_1", 59), "redirect", &cookie, true),
            (at("session", "hpc_1", 60), "redirect", &cookie, false),
            (at("other", "hpc_1", 0), "redirect", &cookie, false),
            (at("session", "hpc_2", 0), "redirect", &cookie, false),
            (at("session", "hpc_1", FORM_S - 1), "form", &form, true),
            (at("session", "hpc_1", FORM_S), "form", &form, false),
            // What lies in the form is no way to see the secret again by a reload.
            (own, "redirect", &form, false),
            (own, "form", &cookie, false),
            (own, "form", &String::new(), false),
        ] {
            let opened = place.open(carrier, text);
            assert_eq!(opened.is_some(), opens, "{carrier} {place:?}");
            assert!(opened.is_none_or(|opened| opened.expose() == secret.expose()));
        }
        assert!(!cookie.contains(secret.expose()));
    }
}
