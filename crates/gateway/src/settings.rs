//! What can be set about a gateway beside its rules. Every setting has a safe default; what would
//! be no protection, or no service, is refused here.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use ipnet::IpNet;
use serde::Deserialize;

/// What happens once the feed is staler than `max_staleness_s`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum WhenStale {
    /// Nothing gets through.
    #[default]
    FailClosed,
    /// What is not known to be dead gets through.
    FailOpen,
}

/// The settings of a gateway. A change of any of them takes a restart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Whose tokens are taken.
    pub issuer: Option<String>,
    /// Where requests come in.
    pub listen: SocketAddr,
    /// Where health and metrics are.
    pub metrics_listen: SocketAddr,
    /// Who may ask about the requests of others, and is believed in whose name it calls.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the last keys and the last feed are kept.
    pub state_dir: Option<PathBuf>,
    /// The only CAs that are trusted for the issuer.
    pub ca_file: Option<PathBuf>,
    /// Whether keys may come over plain HTTP.
    pub allow_plain_http: bool,
    /// Whether `typ: JWT` passes for an access token.
    pub accept_jwt_type: bool,
    /// How old the knowledge of the feed may be, in seconds.
    pub max_staleness_s: u64,
    /// What happens after that.
    pub when_stale: WhenStale,
    /// By how many seconds clocks may be apart.
    pub leeway_s: u64,
    /// Where requests go that get through; without, only questions are answered.
    pub upstream: Option<Upstream>,
    /// The only CAs that are trusted for it.
    pub upstream_ca_file: Option<PathBuf>,
    /// How long it may take to begin its answer, in seconds.
    pub upstream_timeout_s: u64,
    /// Whether the upstream sees the token.
    pub pass_authorization: bool,
    /// Connections at once.
    pub connections_at_most: usize,
    /// For the head of a request, in seconds.
    pub header_timeout_s: u64,
    /// For open requests at the end, in seconds.
    pub shutdown_grace_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        // Both are constants of the right form.
        let here = ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| net.parse().ok()).collect();
        Self {
            issuer: None,
            listen: loopback(8440),
            metrics_listen: loopback(8441),
            trusted_proxies: here,
            state_dir: None,
            ca_file: None,
            allow_plain_http: false,
            accept_jwt_type: false,
            max_staleness_s: 3600,
            when_stale: WhenStale::FailClosed,
            leeway_s: 30,
            upstream: None,
            upstream_ca_file: None,
            upstream_timeout_s: 60,
            pass_authorization: false,
            connections_at_most: 4096,
            header_timeout_s: 10,
            shutdown_grace_s: 10,
        }
    }
}

impl Settings {
    /// The first setting that is out of bounds, and why.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, String)> {
        for (name, (least, most), got) in [
            ("max_staleness_s", (5, 86_400), self.max_staleness_s),
            ("leeway_s", (0, 300), self.leeway_s),
            ("upstream_timeout_s", (1, 3600), self.upstream_timeout_s),
            ("connections_at_most", (1, 1_000_000), self.connections_at_most as u64),
            ("header_timeout_s", (1, 300), self.header_timeout_s),
            ("shutdown_grace_s", (0, 300), self.shutdown_grace_s),
        ] {
            if !(least..=most).contains(&got) {
                let problem = format!("{name} must be between {least} and {most}; got {got}");
                return Err((name, problem));
            }
        }
        Ok(())
    }
}

/// The server behind the gateway.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upstream {
    pub(crate) authority: Authority,
    /// HTTP/2 without TLS (RFC 9113 §3.3).
    pub(crate) http2: bool,
    /// HTTP/1.1 over TLS.
    pub(crate) tls: bool,
}

/// Not the address of an upstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadUpstream {
    /// It cannot be read.
    #[error("an address as in http://127.0.0.1:8080, https://…, or h2c://… for HTTP/2")]
    NotAUrl,
    /// The path of a request is never changed.
    #[error("only the host: requests keep their own paths")]
    WithPath,
}

impl FromStr for Upstream {
    type Err = BadUpstream;

    fn from_str(text: &str) -> Result<Self, BadUpstream> {
        let uri: Uri = text.parse().map_err(|_| BadUpstream::NotAUrl)?;
        let (http2, tls) = match uri.scheme_str() {
            Some("h2c") => (true, false),
            Some("http") => (false, false),
            Some("https") => (false, true),
            _ => return Err(BadUpstream::NotAUrl),
        };
        let authority = uri.authority().cloned().ok_or(BadUpstream::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadUpstream::NotAUrl);
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(BadUpstream::WithPath);
        }
        Ok(Self { authority, http2, tls })
    }
}

impl Upstream {
    /// The address of a request there; `None` if its target cannot be one.
    pub(crate) fn uri(&self, target: Option<http::uri::PathAndQuery>) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(if self.tls { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = target;
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_host_and_nothing_more() {
        for (text, wanted) in [
            ("http://127.0.0.1:8080", Ok(("127.0.0.1:8080", false, false))),
            ("http://books/", Ok(("books", false, false))),
            ("h2c://[::1]:8080", Ok(("[::1]:8080", true, false))),
            ("https://books", Ok(("books", false, true))),
            ("http://books/v1", Err(BadUpstream::WithPath)),
            ("http://books/?a", Err(BadUpstream::WithPath)),
            ("http://user@books", Err(BadUpstream::NotAUrl)),
            ("books:8080", Err(BadUpstream::NotAUrl)),
            ("ftp://books", Err(BadUpstream::NotAUrl)),
            ("", Err(BadUpstream::NotAUrl)),
        ] {
            let got = text.parse::<Upstream>();
            let got = got
                .as_ref()
                .map(|up| (up.authority.as_str(), up.http2, up.tls))
                .map_err(|why| *why);
            assert_eq!(got, wanted, "{text}");
        }
    }
}
