//! The usual misconfigurations, each with its remedy. `hallpass doctor` and the page for
//! operators ask the same questions here; what only the machine itself knows is asked there.

mod nodes;

use hallpass_core::{
    Timestamp,
    ring::{KeyStatus, Ring},
};
use hallpass_store::{Chain, Node, Store, StoreError};
use serde::Serialize;

pub use self::nodes::{of_nodes, standing};
use crate::{app::App, config::Config};

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// Whether it is as it should be.
    pub fine: bool,
    /// What was found, and what to do if it is not.
    pub says: String,
}

impl Finding {
    /// As it should be.
    pub fn fine(says: impl Into<String>) -> Self {
        Self { fine: true, says: says.into() }
    }

    /// Not as it should be.
    pub fn trouble(says: impl Into<String>) -> Self {
        Self { fine: false, says: says.into() }
    }
}

/// From how many seconds on a node counts as blind.
pub const BLIND_S: u64 = 5;

/// Beyond this many seconds between two clocks, freshness is judged wrongly.
pub const SKEW_S: u64 = 1;

/// All that a running node can look at. `nodes`: what all of them have reported, if the database can
/// be asked.
pub(crate) async fn of_installation(
    app: &App,
    nodes: Option<&[Node]>,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = of_node(app, now);
    findings.extend(nodes.iter().flat_map(|all| of_nodes(all, &app.config.issuer, now)));
    findings.extend(of_config(&app.config));
    findings.extend(of_keys(&*app.store, &app.config, now).await?);
    findings.extend(app.audit_check.last().map(|(chain, _)| of_chain(chain)));
    Ok(findings)
}

/// What this node knows of itself.
pub fn of_node(app: &App, now: Timestamp) -> Vec<Finding> {
    let staleness_s = now.millis_since(app.live.as_of()) / 1000;
    let mut findings = vec![if staleness_s < BLIND_S {
        Finding::fine("This node sees its database.")
    } else {
        Finding::trouble(format!(
            "This node has not seen its database for {staleness_s} s: look at the database and \
             the disk. It issues tokens for {} s after it last did.",
            app.config.max_staleness_s
        ))
    }];
    findings.extend(
        crate::mail::check(&app.config)
            .err()
            .map(|why| Finding::trouble(format!("Mail does not work: {why}."))),
    );
    findings
}

/// What the settings say.
pub fn of_config(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listens_to_others = !config.listen.ip().is_loopback();
    if config.issuer.starts_with("https://") {
        findings.push(Finding::fine(format!("The issuer is {}.", config.issuer)));
    } else if listens_to_others {
        findings.push(Finding::trouble(format!(
            "The issuer is {} but the server listens on {}: set an https issuer.",
            config.issuer, config.listen
        )));
    } else {
        let says = "The issuer is plain http, on loopback: good for trying out.";
        findings.push(Finding::fine(says));
    }
    if listens_to_others && config.tls_cert.is_none() {
        findings.push(Finding::trouble(format!(
            "The server listens on {} without TLS: set tls_cert and tls_key, or listen on \
             loopback behind a proxy that speaks TLS.",
            config.listen
        )));
    }
    findings.extend(of_proxies(config).map(Finding::trouble));
    if !config.metrics_listen.ip().is_loopback() {
        findings.push(Finding::trouble(format!(
            "/metrics is open to the network at {}: check that only operators reach it.",
            config.metrics_listen
        )));
    }
    findings
}

/// Whether callers are told apart behind a proxy, and nobody can pass for another.
fn of_proxies(config: &Config) -> Option<&'static str> {
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        return Some(
            "trusted_proxies has a network of everybody: whoever sends X-Forwarded-For passes for \
             any address. Name the proxies.",
        );
    }
    if config.proxy_protocol_from.iter().any(|network| network.prefix_len() == 0) {
        return Some(
            "proxy_protocol_from has a network of everybody: whoever connects passes for any \
             address. Name the load balancers.",
        );
    }
    let is_behind_one = config.issuer.starts_with("https://") && config.tls_cert.is_none();
    (is_behind_one && config.trusted_proxies.is_empty() && config.proxy_protocol_from.is_empty())
        .then_some(
            "A proxy speaks TLS for this server, and trusted_proxies is empty: IP allow-lists and \
         limits see the proxy as the only caller. Set it to the proxy's address.",
        )
}

/// What the signing keys and the APIs say.
pub async fn of_keys(
    store: &dyn Store,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let longest = store.installation().await?.longest_lifetime_s;
    let rings = store.rings().await?;
    let of_ring = |ring: &Ring| {
        let mut findings = vec![match ring.signing(now) {
            Some(key) => Finding::fine(format!("{} signs with {}.", ring.algorithm, key.kid)),
            None => Finding::trouble(format!(
                "Nothing signs {}: run hallpass key rotate --algorithm {0}.",
                ring.algorithm
            )),
        }];
        for key in &ring.keys {
            let lead_s = key.signs_from.millis_since(key.published_at) / 1000;
            let waits = ring.status(key, now, longest) == KeyStatus::Published;
            if waits && lead_s < config.jwks_max_age_s {
                findings.push(Finding::trouble(format!(
                    "Key {} signs from {} on, only {lead_s} s after it was published; verifiers \
                     may cache the JWKS for {} s.",
                    key.kid,
                    utc(key.signs_from),
                    config.jwks_max_age_s
                )));
            }
        }
        findings
    };
    let mut findings: Vec<_> = rings.iter().flat_map(of_ring).collect();
    for api in store.apis().await? {
        if !rings.iter().any(|ring| ring.algorithm == api.algorithm) {
            findings.push(Finding::trouble(format!(
                "API {} signs with {} and there is no such key: run hallpass key rotate \
                 --algorithm {1}.",
                api.name, api.algorithm
            )));
        }
    }
    Ok(findings)
}

/// What the audit log's chain says.
pub fn of_chain(chain: Chain) -> Finding {
    match chain {
        Chain::Whole { events } => {
            Finding::fine(format!("The audit log is whole: {events} events."))
        }
        Chain::Broken { seq } => Finding::trouble(format!(
            "The audit log was tampered with at event {seq}: compare with a backup."
        )),
    }
}

fn utc(at: Timestamp) -> String {
    let date = i64::try_from(at.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    date.map_or_else(|| "never".to_owned(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_open_a_door_are_named() {
        type Edit = fn(&mut Config);
        let table: [(Edit, &str); 9] = [
            (|_| {}, ""),
            (|config| config.listen = ([0, 0, 0, 0], 1).into(), "set an https issuer"),
            (
                |config| {
                    config.issuer = "https://auth.example.com".to_owned();
                    config.listen = ([0, 0, 0, 0], 1).into();
                },
                "without TLS",
            ),
            (
                |config| config.metrics_listen = ([0, 0, 0, 0], 1).into(),
                "/metrics is open to the network",
            ),
            (
                |config| config.issuer = "https://auth.example.com".to_owned(),
                "the proxy as the only caller",
            ),
            (
                |config| {
                    config.issuer = "https://auth.example.com".to_owned();
                    config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
                },
                "",
            ),
            (
                |config| config.trusted_proxies = vec!["::/0".parse().unwrap()],
                "passes for any address",
            ),
            (
                |config| config.proxy_protocol_from = vec!["0.0.0.0/0".parse().unwrap()],
                "whoever connects passes for any",
            ),
            (
                |config| {
                    config.issuer = "https://auth.example.com".to_owned();
                    config.proxy_protocol_from = vec!["127.0.0.1/32".parse().unwrap()];
                },
                "",
            ),
        ];
        for (edit, says) in table {
            let mut config = Config::default();
            edit(&mut config);
            let findings = of_config(&config);
            let troubles: Vec<_> = findings.iter().filter(|one| !one.fine).collect();
            assert_eq!(troubles.is_empty(), says.is_empty(), "{troubles:?}");
            assert!(says.is_empty() || troubles.iter().any(|one| one.says.contains(says)));
        }
    }

    #[test]
    fn a_broken_chain_is_trouble() {
        assert!(of_chain(Chain::Whole { events: 2 }).fine);
        assert!(!of_chain(Chain::Broken { seq: 2 }).fine);
    }
}
