//! What the issuer says about itself (RFC 8414): where its keys are, and whether it has a
//! revocation feed. Metadata that names another issuer is never believed.

use hallpass_token::rejection::CLIP_LEN;
use http::Uri;
use serde::{Deserialize, Serialize};

use crate::{
    fetch::{Fetch, FetchError},
    timing::Timing,
};

/// More than any issuer has to say, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// An issuer's URL that may be asked for its metadata.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    url: String,
    documents: [String; 2],
    allow_plain_http: bool,
}

/// The members that matter here; the others are not read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_feed_uri: Option<String>,
}

/// Not a URL from which keys may be fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadUrl {
    /// Nor a URL at all.
    #[error("not an absolute http or https URL")]
    NotAUrl,
    /// RFC 8414 §2.
    #[error("a query, a fragment or a login does not belong into it")]
    Surplus,
    /// Whoever is on the way could put in keys of his own.
    #[error("keys are fetched over https, except from this machine itself")]
    PlainHttp,
}

/// Why metadata is not usable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BadMetadata {
    #[error("metadata: {0}")]
    Fetch(#[from] FetchError),
    #[error("metadata: {0}")]
    Json(String),
    #[error("metadata names the issuer {0:?}")]
    OtherIssuer(String),
    #[error("metadata: {0}: {1}")]
    Url(&'static str, BadUrl),
}

impl BadMetadata {
    /// Whether there is nothing of the kind in this place: servers say it by any status but a
    /// failure of theirs, and some by a page for people.
    fn is_none_there(&self) -> bool {
        match self {
            Self::Fetch(FetchError::Status(status)) => !status.is_server_error(),
            Self::Json(_) => true,
            _ => false,
        }
    }
}

impl Metadata {
    /// With the feed that was named before, if none is named now: it is not given up either, and
    /// a restart must not forget it (see `Knowledge::offered`).
    pub(crate) fn or_feed_of(mut self, before: Option<&Self>) -> Self {
        let known = || before.and_then(|before| before.revocation_feed_uri.clone());
        self.revocation_feed_uri = self.revocation_feed_uri.or_else(known);
        self
    }
}

impl Issuer {
    pub(crate) fn new(url: &str, allow_plain_http: bool) -> Result<Self, BadUrl> {
        let uri = checked(url, allow_plain_http)?;
        if uri.query().is_some() {
            return Err(BadUrl::Surplus);
        }
        let (scheme, authority) = (uri.scheme_str(), uri.authority());
        let (Some(scheme), Some(authority)) = (scheme, authority) else {
            return Err(BadUrl::NotAUrl);
        };
        let path = uri.path().trim_end_matches('/');
        // RFC 8414 §3.1 puts the well-known part before the path; OpenID Connect Discovery §4
        // appends it, and many issuers have only that.
        let documents = [
            format!("{scheme}://{authority}/.well-known/oauth-authorization-server{path}"),
            format!("{scheme}://{authority}{path}/.well-known/openid-configuration"),
        ];
        Ok(Self { url: url.to_owned(), documents, allow_plain_http })
    }

    /// Asks the issuer.
    pub(crate) async fn ask(
        &self,
        fetch: &Fetch,
        timing: &Timing,
    ) -> Result<Metadata, BadMetadata> {
        let [first, second] = &self.documents;
        match self.read(first, fetch, timing).await {
            Err(bad) if bad.is_none_there() => match self.read(second, fetch, timing).await {
                Err(other) if other.is_none_there() => Err(bad),
                got => got,
            },
            got => got,
        }
    }

    async fn read(
        &self,
        document: &str,
        fetch: &Fetch,
        timing: &Timing,
    ) -> Result<Metadata, BadMetadata> {
        let (_, json) = fetch.document(document, MOST_BYTES, timing.request).await?;
        let metadata =
            serde_json::from_slice(&json).map_err(|e| BadMetadata::Json(e.to_string()))?;
        self.accept(metadata)
    }

    /// Checks metadata, from the network or from disk: RFC 8414 §3.3 wants the same issuer to the
    /// letter.
    pub(crate) fn accept(&self, metadata: Metadata) -> Result<Metadata, BadMetadata> {
        if metadata.issuer != self.url {
            return Err(BadMetadata::OtherIssuer(metadata.issuer.chars().take(CLIP_LEN).collect()));
        }
        checked(&metadata.jwks_uri, self.allow_plain_http)
            .map_err(|bad| BadMetadata::Url("jwks_uri", bad))?;
        if let Some(uri) = &metadata.revocation_feed_uri {
            let uri = checked(uri, self.allow_plain_http)
                .map_err(|bad| BadMetadata::Url("revocation_feed_uri", bad))?;
            // The stream is found by appending to it.
            if uri.query().is_some() {
                return Err(BadMetadata::Url("revocation_feed_uri", BadUrl::Surplus));
            }
        }
        Ok(metadata)
    }
}

fn checked(url: &str, allow_plain_http: bool) -> Result<Uri, BadUrl> {
    let uri: Uri = url.parse().map_err(|_| BadUrl::NotAUrl)?;
    let authority = uri.authority().ok_or(BadUrl::NotAUrl)?;
    if url.contains('#') || authority.as_str().contains('@') {
        return Err(BadUrl::Surplus);
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if allow_plain_http || is_loopback(authority.host()) => Ok(uri),
        Some("http") => Err(BadUrl::PlainHttp),
        _ => Err(BadUrl::NotAUrl),
    }
}

/// Whether the URL's host is this machine.
#[cfg(feature = "fetch")]
pub(crate) fn is_on_loopback(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(is_loopback))
}

/// Whether a host is this machine, by address or by a name that RFC 6761 §6.3 reserves.
fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_where_rfc_8414_section_3_says() {
        for (issuer, first, second) in [
            (
                "https://example.com",
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ),
            (
                "https://example.com/",
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ),
            (
                "https://example.com:8443/tenants/one/",
                "https://example.com:8443/.well-known/oauth-authorization-server/tenants/one",
                "https://example.com:8443/tenants/one/.well-known/openid-configuration",
            ),
        ] {
            let documents = Issuer::new(issuer, false).unwrap().documents;
            assert_eq!(documents, [first.to_owned(), second.to_owned()], "{issuer}");
        }
    }

    #[test]
    fn issuers_are_asked_over_tls_or_on_loopback() {
        use BadUrl::{NotAUrl, PlainHttp, Surplus};
        for (url, plain, expected) in [
            ("https://auth.example.com", false, None),
            ("http://auth.example.com", false, Some(PlainHttp)),
            ("http://auth.example.com", true, None),
            ("http://127.0.0.1:8080", false, None),
            ("http://[::1]:8080", false, None),
            ("http://auth.localhost", false, None),
            ("http://localhost.example.com", false, Some(PlainHttp)),
            ("http://127.0.0.1.example.com", false, Some(PlainHttp)),
            ("https://auth.example.com/?tenant=1", false, Some(Surplus)),
            ("https://auth.example.com/#a", false, Some(Surplus)),
            ("https://user@auth.example.com/", false, Some(Surplus)),
            ("ftp://127.0.0.1", true, Some(NotAUrl)),
            ("auth.example.com", true, Some(NotAUrl)),
            ("/auth", true, Some(NotAUrl)),
            ("", true, Some(NotAUrl)),
        ] {
            assert_eq!(Issuer::new(url, plain).err(), expected, "{url}");
        }
    }

    #[test]
    fn metadata_of_another_issuer_or_with_unsafe_urls_is_refused() {
        let issuer = Issuer::new("https://auth.example.com", false).unwrap();
        let problem = |issuer_says: &str, jwks: &str, feed: Option<&str>| {
            let metadata = Metadata {
                issuer: issuer_says.to_owned(),
                jwks_uri: jwks.to_owned(),
                revocation_feed_uri: feed.map(str::to_owned),
            };
            issuer.accept(metadata).err().map(|e| e.to_string())
        };
        let (us, keys) = ("https://auth.example.com", "https://auth.example.com/jwks.json");
        for (issuer, jwks, feed, expected) in [
            (us, keys, None, None),
            (us, "https://keys.example.net/k?v=1", Some("https://auth.example.com/r"), None),
            ("https://auth.example.com/", keys, None, Some("names the issuer")),
            ("https://evil.example.com", keys, None, Some("names the issuer")),
            (us, "http://auth.example.com/jwks.json", None, Some("jwks_uri: keys are")),
            (us, "jwks.json", None, Some("jwks_uri: not an")),
            (us, keys, Some("http://auth.example.com/r"), Some("revocation_feed_uri: keys")),
            (us, keys, Some("https://auth.example.com/r?x"), Some("revocation_feed_uri: a q")),
        ] {
            let got = problem(issuer, jwks, feed);
            match expected {
                None => assert_eq!(got, None),
                Some(part) => {
                    assert!(got.as_ref().is_some_and(|got| got.contains(part)), "{got:?}")
                }
            }
        }
    }
}
