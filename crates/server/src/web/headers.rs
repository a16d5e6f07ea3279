//! What goes around every page: the headers that keep others out of it, errors made into pages,
//! and the end of a message that was shown.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{arrival::Arrival, error_page::PageError, flash, visitor};
use crate::{app::App, dashboard::page::SignedIn};

/// Nothing from elsewhere, and nothing inline: a script that somebody smuggles into a page does
/// not run.
const CONTENT: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                       frame-ancestors 'none'; object-src 'none'";

/// A handler that knows better sets its own.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, CONTENT),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Not `no-referrer`: with that, browsers send our own forms with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Where TLS is promised, a year of it.
const TLS: &str = "max-age=31536000";

/// Dresses the answer of a page.
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let arrival = request.extensions().get::<Arrival>().copied();
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let is_framed = response.extensions().get().is_some_and(PageError::is_framed);
    let person = if is_framed { visitor::frame(&app, &headers, &path).await } else { None };
    let mut response = finish(&app, arrival, person, response);
    let was_waiting = flash::is_waiting(&headers, &app.config);
    if was_waiting && is_page(response.headers()) {
        let taken_away = flash::shown(&app.config);
        response.headers_mut().extend(taken_away.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    response
}

/// Makes an error a page, in the frame of whoever is signed in, and adds the headers.
pub(crate) fn finish(
    app: &App,
    arrival: Option<Arrival>,
    person: Option<SignedIn>,
    mut response: Response,
) -> Response {
    if let Some(error) = response.extensions_mut().remove::<PageError>() {
        let id = arrival.map_or_else(String::new, |arrival| arrival.id.to_string());
        response = error.page(app, person, id);
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.config.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS));
    }
    response
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/html"))
}

/// Whether a browser went here to show what comes: then an error is a page too. Some programs ask
/// for HTML first (Java's own client does), so a post must also say that it is a navigation.
pub(crate) fn wants_page<B>(request: &http::Request<B>) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    header("accept").is_some_and(|accept| accept.contains("text/html"))
        && (reads || header("sec-fetch-mode") == Some("navigate"))
}
