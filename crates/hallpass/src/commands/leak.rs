//! `hallpass leak`: secrets that somebody has found, retired at the machine.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use hallpass_core::secret;
use hallpass_server::management::leaks::{self, Verdict};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
};

/// The largest text that is read, in bytes.
const TEXT_AT_MOST: u64 = 64 << 20;

/// Secrets of one text at most.
const SECRETS_AT_MOST: usize = 10_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Retire every secret in a text, with the tokens that it has minted
    Report {
        /// The file to read; `-` for standard input
        file: PathBuf,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let Command::Report { file } = command;
    let text = read(&file)?;
    let found = secret::found_in(&text, SECRETS_AT_MOST);
    if found.is_empty() {
        bail!("there is nothing in it that looks like a secret: they begin with hps_");
    }
    let installation = Installation::open(config).await?;
    let mut rows = Vec::new();
    for one in found {
        let verdict = leaks::report(&installation.act(), one).await?;
        let is_whole = !matches!(verdict, Verdict::Damaged | Verdict::NotOurs);
        let last_four = if is_whole { &one[one.len() - 4..] } else { "" };
        rows.push((last_four.to_owned(), verdict));
    }
    let items: Vec<_> = rows
        .iter()
        .map(|(last_four, verdict)| json!({ "last_four": last_four, "verdict": verdict }))
        .collect();
    output.print(&items, || {
        let row = |(last_four, verdict): &(String, Verdict)| {
            vec![last_four.clone(), verdict.word().to_owned()]
        };
        table(&["ends in", "verdict"], &rows.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

/// The text, whatever bytes stand around what is looked for.
fn read(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let context = || format!("cannot read {}", file.display());
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = TEXT_AT_MOST + 1;
    if file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).with_context(context)?;
    } else {
        let file = File::open(file).with_context(context)?;
        file.take(limit).read_to_end(&mut bytes).with_context(context)?;
    }
    anyhow::ensure!(bytes.len() as u64 <= TEXT_AT_MOST, "the text is larger than 64 MiB");
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}
