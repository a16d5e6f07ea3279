//! `hallpass node`: the running servers of an installation, as each last reported.

use clap::Subcommand;
use hallpass_server::{health, management::nodes};
use hallpass_store::Node;
use serde_json::{Value, json};

use crate::{
    config::Config,
    installation::{Installation, now},
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the running servers: how each is, and how much it knows
    List,
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let Command::List = command;
    let installation = Installation::open(config).await?;
    let all = nodes::list(&installation.act()).await?;
    let values: Vec<_> = all.iter().map(value).collect();
    output.print(&values, || {
        let rows: Vec<_> = all.iter().map(row).collect();
        table(&["name", "address", "standing", "version", "change", "behind", "as of"], &rows)
    });
    Ok(())
}

fn standing(node: &Node) -> String {
    health::standing(node, now()).to_ascii_lowercase()
}

fn value(node: &Node) -> Value {
    let report = &node.report;
    json!({
        "name": report.name,
        "address": report.address,
        "standing": standing(node),
        "version": report.version,
        "issuer": report.issuer,
        "started_at": when::utc(report.started_at),
        "said_at": when::utc(report.said_at),
        "as_of": when::utc(report.as_of),
        "change_seq": report.applied,
        "behind": node.behind(),
    })
}

fn row(node: &Node) -> Vec<String> {
    let report = &node.report;
    vec![
        report.name.clone(),
        report.address.to_string(),
        standing(node),
        report.version.clone(),
        report.applied.to_string(),
        node.behind().to_string(),
        when::utc(report.as_of),
    ]
}
