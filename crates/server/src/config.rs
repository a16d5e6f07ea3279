//! What the server can be told. The binary reads files, environment and flags into this; nothing
//! here does.

use std::{net::SocketAddr, path::PathBuf};

use hallpass_core::{installation::MAX_STALENESS_S, passkey::Site};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::mail;

/// Settings of one node. Every member has a default that works on loopback.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The issuer's URL as the world sees it: `iss`, and the base of every URL in the metadata.
    pub issuer: String,
    /// Where the public endpoints listen.
    pub listen: SocketAddr,
    /// Where `/metrics` listens; apart, since it is not for the public.
    pub metrics_listen: SocketAddr,
    /// TLS certificate chain, PEM. With `tls_key`: the public endpoints speak TLS.
    pub tls_cert: Option<PathBuf>,
    /// TLS private key, PEM.
    pub tls_key: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed. Empty: nobody's.
    pub trusted_proxies: Vec<IpNet>,
    /// Load balancers that begin each connection with a header of the PROXY protocol, which is
    /// believed. Empty: nobody's.
    pub proxy_protocol_from: Vec<IpNet>,
    /// Connections held at once; the next ones wait.
    pub connections_at_most: usize,
    /// For the whole of a request's head to arrive, in seconds.
    pub header_timeout_s: u64,
    /// For the whole of a request's body to arrive, in seconds.
    pub body_timeout_s: u64,
    /// For a client to go on reading its answer, in seconds.
    pub unread_timeout_s: u64,
    /// Failed logins per client and network prefix in a minute, until 429.
    pub failed_logins_per_minute: u32,
    /// Imported secrets checked at once, each by a slow hash; the next ones wait.
    pub imported_checks_at_once: usize,
    /// Failed tries to sign in per person and network prefix in a minute, until 429.
    pub failed_sign_ins_per_minute: u32,
    /// Passwords checked at once; the next ones wait. Each takes 19 MiB while it lasts.
    pub password_checks_at_once: usize,
    /// The server that mail to people goes out by: `smtps://host` or `smtp://host`. None: no mail.
    pub smtp_url: Option<String>,
    /// Who the mail is from: `Hallpass <hallpass@example.com>`.
    pub mail_from: Option<String>,
    /// The login at that server, if it wants one.
    pub smtp_user: Option<String>,
    /// The file that holds the password of that login.
    pub smtp_password_file: Option<PathBuf>,
    /// Where webhooks may be beside public addresses. Members of organizations write their URLs, so
    /// whatever is named here, they can call.
    pub webhook_networks: Vec<IpNet>,
    /// How long a person stays signed in, in seconds.
    pub session_s: u64,
    /// How long a person stays signed in without opening a page, in seconds.
    pub session_idle_s: u64,
    /// Calls of the management API by one credential in a minute, until 429.
    pub management_calls_per_minute: u32,
    /// Reports of found secrets from one network in a minute, until 429.
    pub leak_reports_per_minute: u32,
    /// How long a node goes on without its database, in seconds.
    pub max_staleness_s: u64,
    /// How long verifiers may cache the JWKS, in seconds.
    pub jwks_max_age_s: u64,
    /// How long a new key is published before it signs, in seconds. Longer than any verifier
    /// caches a JWKS.
    pub key_publish_lead_s: u64,
    /// How long a key signs before the next one takes over, in seconds.
    pub key_rotation_s: u64,
    /// Between two heartbeats of the revocation stream, in milliseconds.
    pub heartbeat_ms: u64,
    /// Between two looks at the change log, in milliseconds.
    pub tail_poll_ms: u64,
    /// Between two writes of usage roll-ups, in seconds.
    pub usage_flush_s: u64,
    /// What this node is called on the page of all nodes. Empty: as its machine.
    pub node_name: String,
    /// Between two reports of this node to the others, in seconds.
    pub node_report_s: u64,
    /// For load balancers to notice that this node is about to shut down, in seconds.
    pub shutdown_drain_s: u64,
    /// For open requests to end at shutdown, in seconds.
    pub shutdown_grace_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "http://127.0.0.1:8420".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 8421)),
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            proxy_protocol_from: Vec::new(),
            connections_at_most: 10_000,
            header_timeout_s: 10,
            body_timeout_s: 10,
            unread_timeout_s: 30,
            failed_logins_per_minute: 30,
            imported_checks_at_once: 2,
            failed_sign_ins_per_minute: 10,
            password_checks_at_once: 4,
            smtp_url: None,
            mail_from: None,
            smtp_user: None,
            smtp_password_file: None,
            webhook_networks: Vec::new(),
            session_s: 12 * 3600,
            session_idle_s: 2 * 3600,
            management_calls_per_minute: 600,
            leak_reports_per_minute: 30,
            max_staleness_s: 3600,
            jwks_max_age_s: 3600,
            key_publish_lead_s: 86_400,
            key_rotation_s: 90 * 86_400,
            heartbeat_ms: 2000,
            tail_poll_ms: 20,
            usage_flush_s: 10,
            node_name: String::new(),
            node_report_s: 10,
            shutdown_drain_s: 0,
            shutdown_grace_s: 10,
        }
    }
}

/// Why the settings cannot be used. Each message names the setting and what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadConfig {
    /// RFC 8414 §2.
    #[error(
        "issuer must be an https URL without query or fragment (http is accepted for loopback \
         only, to try things out); got {0:?}"
    )]
    Issuer(String),
    /// What is shown on pages is short.
    #[error("node_name must be at most 100 characters on one line")]
    NodeName,
    /// A number outside its range.
    #[error("{name} must be between {least} and {most}; got {got}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// The smallest value allowed.
        least: u64,
        /// The largest value allowed.
        most: u64,
        /// The value given.
        got: u64,
    },
    /// One half of a pair.
    #[error("tls_cert and tls_key belong together; only one of them is set")]
    HalfTls,
    /// Mail could not be sent.
    #[error("{0}")]
    Mail(String),
    /// A key would sign before verifiers have heard of it.
    #[error(
        "key_publish_lead_s ({lead}) must be longer than jwks_max_age_s ({max_age}), or verifiers \
         would meet tokens whose key they have not heard of"
    )]
    LeadTooShort {
        /// The publishing lead, in seconds.
        lead: u64,
        /// The JWKS cache time, in seconds.
        max_age: u64,
    },
}

impl Config {
    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<(), BadConfig> {
        if !is_issuer(&self.issuer) {
            return Err(BadConfig::Issuer(self.issuer.clone()));
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(BadConfig::HalfTls);
        }
        mail::check(self).map_err(|why| BadConfig::Mail(why.to_string()))?;
        if self.node_name.chars().count() > 100 || self.node_name.contains(char::is_control) {
            return Err(BadConfig::NodeName);
        }
        for (name, got, least, most) in [
            ("connections_at_most", self.connections_at_most as u64, 1, 1_000_000),
            ("header_timeout_s", self.header_timeout_s, 1, 300),
            ("body_timeout_s", self.body_timeout_s, 1, 300),
            ("unread_timeout_s", self.unread_timeout_s, 1, 300),
            ("failed_logins_per_minute", self.failed_logins_per_minute.into(), 1, 1_000_000),
            ("imported_checks_at_once", self.imported_checks_at_once as u64, 1, 1000),
            ("failed_sign_ins_per_minute", self.failed_sign_ins_per_minute.into(), 1, 1_000_000),
            ("password_checks_at_once", self.password_checks_at_once as u64, 1, 1000),
            ("session_s", self.session_s, 300, 30 * 86_400),
            ("session_idle_s", self.session_idle_s, 300, 30 * 86_400),
            ("management_calls_per_minute", self.management_calls_per_minute.into(), 1, 1_000_000),
            ("leak_reports_per_minute", self.leak_reports_per_minute.into(), 1, 1_000_000),
            ("max_staleness_s", self.max_staleness_s, 5, MAX_STALENESS_S),
            ("jwks_max_age_s", self.jwks_max_age_s, 0, 7 * 86_400),
            ("key_rotation_s", self.key_rotation_s, 3600, 3650 * 86_400),
            ("heartbeat_ms", self.heartbeat_ms, 100, 4000),
            ("tail_poll_ms", self.tail_poll_ms, 10, 200),
            ("usage_flush_s", self.usage_flush_s, 1, 3600),
            ("node_report_s", self.node_report_s, 1, 3600),
            ("shutdown_drain_s", self.shutdown_drain_s, 0, 600),
            ("shutdown_grace_s", self.shutdown_grace_s, 0, 600),
        ] {
            if !(least..=most).contains(&got) {
                return Err(BadConfig::OutOfRange { name, least, most, got });
            }
        }
        if self.key_publish_lead_s <= self.jwks_max_age_s {
            return Err(BadConfig::LeadTooShort {
                lead: self.key_publish_lead_s,
                max_age: self.jwks_max_age_s,
            });
        }
        Ok(())
    }

    /// The path of the issuer's URL, without a slash at its end: empty for most.
    pub fn issuer_path(&self) -> &str {
        self.issuer_path_as_written().trim_end_matches('/')
    }

    fn issuer_path_as_written(&self) -> &str {
        let rest = self.issuer.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// Scheme, host and port of the issuer's URL, as a browser writes an `Origin`: in small
    /// letters, and without the port that goes without saying.
    pub fn issuer_origin(&self) -> String {
        let whole = self.issuer.len() - self.issuer_path_as_written().len();
        let origin = self.issuer[..whole].to_ascii_lowercase();
        let usual = if self.is_https() { ":443" } else { ":80" };
        origin.strip_suffix(usual).map(str::to_owned).unwrap_or(origin)
    }

    /// The host of the issuer's URL, by which people know this server.
    pub fn issuer_host(&self) -> String {
        let uri = self.issuer.parse::<http::Uri>().ok();
        uri.and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default()
    }

    /// The site that passkeys are for; none if the issuer's host is a number, for which browsers
    /// make no passkeys.
    pub fn passkey_site(&self) -> Option<PasskeySite> {
        let host = self.issuer_host();
        let is_number = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        (!is_number).then(|| PasskeySite { id: host, origin: self.issuer_origin() })
    }

    /// Whether the world reaches this server by TLS, its own or a proxy's.
    pub fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }

    /// A URL below the issuer's.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.trim_end_matches('/'))
    }
}

/// The site that passkeys are for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeySite {
    /// The issuer's host.
    pub id: String,
    /// As a browser writes it.
    pub origin: String,
}

impl PasskeySite {
    /// As the core takes it.
    pub fn as_site(&self) -> Site<'_> {
        Site { id: &self.id, origin: &self.origin }
    }
}

fn is_issuer(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    (scheme == "https" || (scheme == "http" && loopback))
        && uri.query().is_none()
        && !text.contains(['#', '?', '"', '\\', ' '])
        && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_https_urls_or_loopback() {
        for (issuer, ok, path) in [
            ("https://auth.example.com", true, ""),
            ("https://auth.example.com/", true, ""),
            ("https://example.com/auth/", true, "/auth"),
            ("http://127.0.0.1:8420", true, ""),
            ("http://localhost:1", true, ""),
            ("http://auth.example.com", false, ""),
            ("https://auth.example.com/?x", false, "/?x"),
            ("https://auth.example.com/#x", false, "/#x"),
            ("https://user@auth.example.com", false, ""),
            ("auth.example.com", false, ""),
            ("", false, ""),
        ] {
            let config = Config { issuer: issuer.to_owned(), ..Config::default() };
            assert_eq!(config.validate().is_ok(), ok, "{issuer}");
            assert_eq!(config.issuer_path(), path, "{issuer}");
        }
    }

    #[test]
    fn the_origin_is_what_a_browser_sends() {
        for (issuer, origin) in [
            ("https://auth.example.com", "https://auth.example.com"),
            ("https://Auth.Example.com:443/auth/", "https://auth.example.com"),
            ("https://example.com:8443/", "https://example.com:8443"),
            ("http://127.0.0.1:8420", "http://127.0.0.1:8420"),
            ("http://localhost:80", "http://localhost"),
        ] {
            let config = Config { issuer: issuer.to_owned(), ..Config::default() };
            assert_eq!(config.issuer_origin(), origin, "{issuer}");
        }
    }

    #[test]
    fn passkeys_are_for_names() {
        for (issuer, id) in [
            ("https://Auth.Example.com/auth", Some("auth.example.com")),
            ("http://localhost:8420", Some("localhost")),
            ("http://127.0.0.1:8420", None),
            ("http://[::1]:8420", None),
        ] {
            let config = Config { issuer: issuer.to_owned(), ..Config::default() };
            assert_eq!(config.passkey_site().map(|site| site.id).as_deref(), id, "{issuer}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let config = Config { max_staleness_s: 4, ..Config::default() };
        assert!(config.validate().unwrap_err().to_string().starts_with("max_staleness_s must be"));
        let config = Config { key_publish_lead_s: 10, ..Config::default() };
        assert!(matches!(config.validate(), Err(BadConfig::LeadTooShort { .. })));
        assert_eq!(Config::default().validate(), Ok(()));
    }
}
