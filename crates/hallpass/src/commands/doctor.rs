//! `hallpass doctor`: the usual misconfigurations, each with its remedy.

use anyhow::bail;
use hallpass_server::health::{self, Finding, SKEW_S};
use hallpass_store::postgres::{Address, Checkup};

use crate::{
    config::{self, Config},
    database::{Database, Opened},
    installation::{self, Installation, now},
    output::Output,
};

pub(super) async fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let Installation { store, opened, .. } = Installation::open(config).await?;
    let mut findings = vec![Finding::fine("The master key opens the vault.")];
    findings.extend(config::misspelt_variables().into_iter().map(Finding::trouble));
    findings.extend(health::of_config(&config.server));
    findings.extend(of_files(config)?);
    if let Opened::Server(server) = &opened {
        findings.extend(of_server(config, &server.checkup().await?)?);
    }
    findings.extend(health::of_nodes(&store.nodes().await?, &config.server.issuer, now()));
    findings.extend(health::of_keys(&*store, &config.server, now()).await?);
    findings.push(health::of_chain(store.verify_audit_chain().await?));
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

fn of_files(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let database = config.database()?;
    let key = config.local.data_dir.join("master.key");
    let paths = database.path().into_iter().chain([&*key]);
    let open = paths.filter(|path| path.exists() && installation::is_open_to_others(path));
    let says = |path: &std::path::Path| {
        format!("{} can be read by other accounts: run chmod 600 on it.", path.display())
    };
    Ok(open.map(|path| Finding::trouble(says(path))).collect())
}

/// With fewer connections than this, readers queue up for one or two.
const CONNECTIONS_AT_LEAST: u64 = 5;

/// What only a database server can be asked.
fn of_server(config: &Config, checkup: &Checkup) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if let Database::Server(address) = config.database()? {
        findings.extend(of_way(&address));
    }
    findings.push(if checkup.not_durable.is_empty() {
        Finding::fine("The database server writes to disk before it answers.")
    } else {
        Finding::trouble(format!(
            "The database server may lose what it said was written: turn on {}.",
            checkup.not_durable.join(", ")
        ))
    });
    let ours = config.local.database_connections_at_most as u64;
    if let Some(most) = checkup.connections_at_most.filter(|most| ours * 2 > *most) {
        findings.push(Finding::trouble(format!(
            "Two nodes with {ours} connections each do not fit into the server's max_connections \
             ({most}): lower database_connections_at_most, or raise that."
        )));
    }
    if ours < CONNECTIONS_AT_LEAST {
        findings.push(Finding::trouble(format!(
            "database_connections_at_most is {ours}, and two of them are kept for writing and for \
             following the change log: pages will wait for one another. Leave it at 10."
        )));
    }
    let skew_s = now().as_millis().abs_diff(checkup.now.as_millis()) / 1000;
    findings.push(if skew_s <= SKEW_S {
        Finding::fine("This machine's clock and the database server's agree.")
    } else {
        Finding::trouble(format!(
            "This machine's clock and the database server's differ by {skew_s} s: set both by NTP."
        ))
    });
    Ok(findings)
}

fn of_way(address: &Address) -> Option<Finding> {
    (!address.is_private()).then(|| {
        Finding::trouble(
            "The database is spoken to without TLS beyond this machine: remove sslmode=disable \
             from its URL.",
        )
    })
}
