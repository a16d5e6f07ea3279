//! Lists by page: a page says where the next one begins. A cursor is a place in the order, so
//! what is added meanwhile moves nothing.

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{Problem, answer};
use crate::app::App;

/// Rows of a page when nothing else is said.
const DEFAULT: usize = 50;

/// Rows of a page at most.
pub(super) const AT_MOST: usize = 200;

/// A list's page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    items: Vec<T>,
    /// Where the next page is; `null` after the last row.
    next: Option<String>,
}

/// How many rows are wanted.
pub(super) fn limit(wanted: Option<usize>) -> Result<usize, Problem> {
    match wanted {
        None => Ok(DEFAULT),
        Some(wanted @ 1..=AT_MOST) => Ok(wanted),
        Some(_) => Err(Problem::invalid("limit", format!("a page has 1 to {AT_MOST} rows"))),
    }
}

/// A place in a list, as text.
pub(super) fn cursor(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// The place that a cursor names.
pub(super) fn place<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let wrong = || Problem::invalid("after", "not a cursor of this list; follow `next`");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| wrong())
}

/// What stands in an address beside the cursor.
#[derive(Debug, Default)]
pub(super) struct Address {
    path: String,
    params: Vec<(&'static str, String)>,
}

impl Address {
    /// A list's path, below the issuer.
    pub(super) fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), params: Vec::new() }
    }

    /// With a parameter, if it has a value.
    pub(super) fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.params.extend(value.map(|value| (name, value.to_string())));
        self
    }

    fn after(&self, app: &App, cursor: &str) -> String {
        let mut url = app.config.url(&self.path);
        let all = self.params.iter().map(|(name, value)| (*name, value.as_str()));
        for (place, (name, value)) in all.chain([("after", cursor)]).enumerate() {
            url.push(if place == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.push_str(&encoded(value));
        }
        url
    }
}

/// Percent-encoded, but for what needs it nowhere in a URL (RFC 3986 §2.3).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// One page. `rows` may hold one more than `limit`, by which it is known that there is more.
pub(super) fn show<T: Serialize, R>(
    app: &App,
    address: &Address,
    limit: usize,
    rows: Vec<R>,
    (cursor_of, show): (impl Fn(&R) -> String, impl Fn(R) -> T),
) -> Response {
    let mut rows = rows;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| address.after(app, &cursor_of(last)));
    let link = next.as_ref().and_then(|url| HeaderValue::from_str(&link(url)).ok());
    let items = rows.into_iter().map(show).collect();
    let mut response = answer::json(StatusCode::OK, &Page { items, next });
    response.headers_mut().extend(link.map(|link| (header::LINK, link)));
    response
}

fn link(url: &str) -> String {
    format!("<{url}>; rel=\"next\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is_one() {
        let text = cursor(&(1_u64, "x"));
        assert_eq!(place::<(u64, String)>(Some(&text)).unwrap(), Some((1, "x".to_owned())));
        assert_eq!(place::<(u64, String)>(None).unwrap(), None);
        for text in ["", "*", "abc", &cursor(&"x")] {
            assert!(place::<(u64, String)>(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn pages_are_bounded() {
        for (wanted, got) in [
            (None, Some(50)),
            (Some(0), None),
            (Some(1), Some(1)),
            (Some(200), Some(200)),
            (Some(201), None),
        ] {
            assert_eq!(limit(wanted).ok(), got, "{wanted:?}");
        }
    }
}
