//! The `WWW-Authenticate` of the management API (RFC 6750 §3). It repeats nothing that came.

use hallpass_token::Rejection;
use http::HeaderValue;

const REALM: &str = r#"Bearer realm="hallpass management API""#;

/// The challenge for a token that was not taken; without an error if there was none.
pub(super) fn of(rejection: &Rejection) -> HeaderValue {
    let text = match rejection.code() {
        None => REALM.to_owned(),
        Some(code) => {
            let why = rejection.description();
            format!(r#"{REALM}, error="{code}", error_description="{why}""#)
        }
    };
    // Our own texts have only characters that fit a header.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// The challenge for a token that does not reach far enough.
pub(super) fn insufficient_scope(scope: &'static str) -> HeaderValue {
    let text = format!(r#"{REALM}, error="insufficient_scope", scope="{scope}""#);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"))
}
