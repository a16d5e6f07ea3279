//! Cookies of this server: never read by script, never sent along by other sites' forms, and
//! under TLS held by the browser to this very host.

use axum_extra::extract::cookie::CookieJar;
use http::{HeaderMap, HeaderValue};

use crate::config::Config;

/// The name that a cookie has: `__Host-hallpass` for `hallpass`, where there is TLS. Browsers then
/// take it only from this host, for `/`, and send it only by TLS.
pub fn name(config: &Config, stem: &str) -> String {
    if config.is_https() { format!("__Host-{stem}") } else { stem.to_owned() }
}

/// What a request brings under this name.
pub fn read(headers: &HeaderMap, config: &Config, stem: &str) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(&name(config, stem)).map(|cookie| cookie.value().to_owned())
}

/// The `Set-Cookie` that keeps a value for this long; 0 takes it away. `None` if the value has
/// characters that a cookie may not have.
pub fn set(config: &Config, stem: &str, value: &str, age_s: u64) -> Option<HeaderValue> {
    let plain = |b: u8| matches!(b, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E);
    if !value.bytes().all(plain) {
        return None;
    }
    let name = name(config, stem);
    let secure = if config.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_as_closed_as_the_issuer_allows() {
        for (issuer, value, wanted) in [
            (
                "https://a.example",
                "x1",
                Some("__Host-h=x1; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure"),
            ),
            ("http://127.0.0.1:1", "x1", Some("h=x1; Path=/; Max-Age=9; HttpOnly; SameSite=Lax")),
            ("https://a.example", "x; Domain=example", None),
            ("https://a.example", "x\ny", None),
        ] {
            let config = Config { issuer: issuer.to_owned(), ..Config::default() };
            let set = set(&config, "h", value, 9);
            assert_eq!(set.as_ref().map(|set| set.to_str().unwrap()), wanted, "{issuer} {value:?}");
        }
    }
}
