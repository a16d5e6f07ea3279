//! `hallpass doctor`: the usual misconfigurations, each with its remedy.

use anyhow::bail;
use hallpass_core::ring::KeyStatus;
use hallpass_store::{Chain, Store};
use serde::Serialize;

use crate::{
    config::{self, Config},
    installation::{self, Installation, now},
    output::Output,
    when,
};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    fine: bool,
    says: String,
}

fn fine(says: impl Into<String>) -> Finding {
    Finding { fine: true, says: says.into() }
}

fn trouble(says: impl Into<String>) -> Finding {
    Finding { fine: false, says: says.into() }
}

pub(super) async fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let mut findings = vec![fine("The master key opens the vault.")];
    findings.extend(config::misspelt_variables().into_iter().map(trouble));
    findings.extend(of_config(config));
    findings.extend(of_keys(&installation, config).await?);
    findings.push(of_audit(&installation).await?);
    let troubles = findings.iter().filter(|finding| !finding.fine).count();
    output.print(&findings, || {
        let mark = |finding: &Finding| if finding.fine { "ok      " } else { "TROUBLE " };
        let lines = findings.iter().map(|finding| format!("{}{}", mark(finding), finding.says));
        lines.collect::<Vec<_>>().join("\n")
    });
    if troubles > 0 {
        bail!("{troubles} of {} findings need attention", findings.len());
    }
    Ok(())
}

fn of_config(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let server = &config.server;
    if server.issuer.starts_with("https://") {
        findings.push(fine(format!("The issuer is {}.", server.issuer)));
    } else if server.listen.ip().is_loopback() {
        findings.push(fine("The issuer is plain http, on loopback: good for trying out."));
    } else {
        findings.push(trouble(format!(
            "The issuer is {} but the server listens on {}: set an https issuer.",
            server.issuer, server.listen
        )));
    }
    if !server.listen.ip().is_loopback() && server.tls_cert.is_none() {
        findings.push(trouble(format!(
            "The server listens on {} without TLS: set tls_cert and tls_key, or listen on \
             loopback behind a proxy that speaks TLS.",
            server.listen
        )));
    }
    if !server.metrics_listen.ip().is_loopback() {
        findings.push(trouble(format!(
            "/metrics is open to the network at {}: check that only operators reach it.",
            server.metrics_listen
        )));
    }
    for path in [config.database(), config.local.data_dir.join("master.key")] {
        if path.exists() && installation::is_open_to_others(&path) {
            findings.push(trouble(format!(
                "{} can be read by other accounts: run chmod 600 on it.",
                path.display()
            )));
        }
    }
    findings
}

async fn of_keys(installation: &Installation, config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let longest = installation.store.installation().await?.longest_lifetime_s;
    let rings = installation.store.rings().await?;
    for ring in &rings {
        match ring.signing(now()) {
            Some(key) => findings.push(fine(format!("{} signs with {}.", ring.algorithm, key.kid))),
            None => findings.push(trouble(format!(
                "Nothing signs {}: run hallpass key rotate --algorithm {0}.",
                ring.algorithm
            ))),
        }
        for key in &ring.keys {
            let lead_s = key.signs_from.millis_since(key.published_at) / 1000;
            let early = ring.status(key, now(), longest) == KeyStatus::Published
                && lead_s < config.server.jwks_max_age_s;
            if early {
                findings.push(trouble(format!(
                    "Key {} signs from {} on, only {lead_s} s after it was published; verifiers \
                     may cache the JWKS for {} s.",
                    key.kid,
                    when::utc(key.signs_from),
                    config.server.jwks_max_age_s
                )));
            }
        }
    }
    for api in installation.store.apis().await? {
        if !rings.iter().any(|ring| ring.algorithm == api.algorithm) {
            findings.push(trouble(format!(
                "API {} signs with {} and there is no such key: run hallpass key rotate \
                 --algorithm {1}.",
                api.name, api.algorithm
            )));
        }
    }
    Ok(findings)
}

async fn of_audit(installation: &Installation) -> anyhow::Result<Finding> {
    Ok(match installation.store.verify_audit_chain().await? {
        Chain::Whole { events } => fine(format!("The audit log is whole: {events} events.")),
        Chain::Broken { seq } => trouble(format!(
            "The audit log was tampered with at event {seq}: compare with a backup."
        )),
    })
}
