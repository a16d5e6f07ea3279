//! The one place that decides where secrets and tokens may travel, and that builds HTTP clients.
//! Nothing secret goes over plain HTTP except to this machine itself, and nothing follows a
//! redirect.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two pieces of an API's answer. How long a whole call may take is the caller's to say.
const API_READ_TIMEOUT: Duration = Duration::from_secs(60);

/// For requests to the issuer. Everything but redirects and time limits is the caller's choice:
/// private CAs, proxies, client certificates.
pub(crate) fn for_issuer(
    builder: ClientBuilder,
    url: &Url,
    timeout: Duration,
) -> Result<Client, reqwest::Error> {
    let builder = builder.redirect(Policy::none()).connect_timeout(timeout.min(CONNECT_TIMEOUT));
    let builder = builder.timeout(timeout);
    // A proxy would be asked for its own loopback, and would see the secret in the clear.
    let builder = if is_loopback(url) { builder.no_proxy() } else { builder };
    builder.build()
}

/// For calls of an API.
pub(crate) fn for_api() -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(API_READ_TIMEOUT)
        .build()
}

/// Whether a secret or a token may be sent there (RFC 6749 §3.2, RFC 6750 §5.3).
pub(crate) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Whether the host is this machine, by address or by a name that RFC 6761 §6.3 reserves.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The URL as errors show it: queries and logins may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_over_tls_or_not_at_all() {
        for (url, safe) in [
            ("https://auth.example.com/oauth/token", true),
            ("http://auth.example.com/oauth/token", false),
            ("http://127.0.0.1:8080/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST./", false), // Not the reserved name to every resolver.
            ("http://auth.localhost/", true),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
            ("http://127.1/", true), // The URL parser makes 127.0.0.1 of it.
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(is_safe(&Url::parse(url).unwrap()), safe, "{url}");
        }
    }

    #[test]
    fn a_shown_url_has_neither_login_nor_query() {
        let url = Url::parse("https://user:hush@auth.example.com/token?key=hush#hush").unwrap();
        assert_eq!(shown(&url), "https://auth.example.com/token");
    }
}
