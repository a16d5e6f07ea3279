//! `hallpass feed`: what the revocation feed says.

use clap::Subcommand;
use hallpass_token::feed::Snapshot;

use crate::{
    config::Config,
    installation::{Installation, now},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the live set, as GET /revocations answers it
    Show,
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let Command::Show = command;
    let installation = Installation::open(config).await?;
    let as_of = now().as_secs();
    let feed = installation.store.feed().await?;
    let entries = feed.deaths.into_iter().map(|death| death.entry);
    let entries = entries.filter(|entry| entry.until_s > as_of).collect();
    let snapshot = Snapshot { seq: feed.feed_seq, as_of, entries };
    output.print(&snapshot, || {
        let lines =
            snapshot.entries.iter().map(|entry| serde_json::to_string(entry).unwrap_or_default());
        let lines: Vec<_> = lines.collect();
        let entries = if lines.len() == 1 { "entry" } else { "entries" };
        format!("{} {entries} at {}:\n{}", lines.len(), snapshot.seq, lines.join("\n"))
    });
    Ok(())
}
