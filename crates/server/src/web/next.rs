//! Where a person goes on to, once they have signed in: a page of ours, whatever a link says. An
//! address that leads elsewhere would lend our name to another site's trap.

use std::fmt;

use http::{HeaderMap, Method, Uri, header, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{app::App, dashboard};

/// What a query may hold without being encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// Pages that it makes no sense to come back to.
const NEVER: [&str; 5] = ["sign-in", "sign-out", "confirm", "recover", "assets"];

/// Longer addresses are forgotten rather than carried around.
const LENGTH_AT_MOST: usize = 1000;

/// The path, and maybe query, of a page of the dashboard, without the issuer's path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Next(String);

impl Default for Next {
    /// The start page.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl Next {
    /// What a link or a form asks for; the start page if that is none of ours.
    pub fn asked(text: Option<&str>) -> Self {
        text.and_then(Self::ours).unwrap_or_default()
    }

    fn ours(text: &str) -> Option<Self> {
        // `//host` and `/\host` lead to another host; controls are dropped by browsers.
        let strange = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if !text.starts_with('/') || text.starts_with("//") || text.contains(strange) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let first = uri.path().split('/').nth(1).unwrap_or_default();
        let is_ours = uri.authority().is_none()
            && text.len() <= LENGTH_AT_MOST
            && dashboard::owns(uri.path())
            && !NEVER.contains(&first);
        is_ours.then(|| Self(text.to_owned()))
    }

    /// The page of a request: itself, or for a posted form the page that holds it.
    pub(crate) fn of(parts: &Parts, app: &App) -> Self {
        if matches!(parts.method, Method::GET | Method::HEAD) {
            return Self::asked(parts.uri.path_and_query().map(|whole| whole.as_str()));
        }
        Self::asked(sent_from(&parts.headers, app).as_deref())
    }

    /// The path, without the issuer's.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A page that leads on here: `/sign-in?next=…`. To the start page everything leads anyway.
    pub fn after(&self, path: &str) -> String {
        if *self == Self::default() { path.to_owned() } else { format!("{path}?next={self:#}") }
    }
}

impl fmt::Display for Next {
    /// As it is, or with `#` as the value of a query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}", utf8_percent_encode(&self.0, PLAIN))
        } else {
            f.write_str(&self.0)
        }
    }
}

/// The path of the page that a form was on, if it was one of this server's.
fn sent_from(headers: &HeaderMap, app: &App) -> Option<String> {
    let referrer = headers.get(header::REFERER)?.to_str().ok()?;
    let rest = referrer.strip_prefix(&app.config.issuer_origin())?;
    let path = rest.strip_prefix(app.config.issuer_path()).unwrap_or(rest);
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_on_to() {
        for (asked, goes_to) in [
            ("/account", "/account"),
            (
                "/organizations/org_1/credentials?q=a%20b&tag=x",
                "/organizations/org_1/credentials?q=a%20b&tag=x",
            ),
            ("/", "/"),
            ("", "/"),
            ("https://evil.example/", "/"),
            ("//evil.example/account", "/"),
            ("/\\evil.example/account", "/"),
            ("/account\\..\\x", "/"),
            ("/\t/evil.example", "/"),
            ("/account\r\nSet-Cookie: a=b", "/"),
            ("javascript:alert(1)", "/"),
            ("account", "/"),
            ("/oauth/token", "/"),
            ("/sign-in?next=/account", "/"),
            ("/sign-out", "/"),
            ("/nowhere", "/"),
        ] {
            assert_eq!(Next::asked(Some(asked)).as_str(), goes_to, "{asked:?}");
        }
        assert_eq!(Next::asked(Some(&format!("/account?{}", "x".repeat(1000)))), Next::default());
        assert_eq!(Next::asked(None), Next::default());
    }

    #[test]
    fn a_page_is_led_on_to_by_its_encoded_address() {
        let list = Next::asked(Some("/organizations/o/credentials?q=a&tag=b#c"));
        assert_eq!(
            list.after("/sign-in"),
            "/sign-in?next=/organizations/o/credentials%3Fq%3Da%26tag%3Db%23c"
        );
        assert_eq!(Next::default().after("/sign-in"), "/sign-in");
    }
}
