//! `hallpass copy`: the whole installation into another, empty database, of either kind.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use hallpass_store::{Chain, Copied, How, StoreError, Whole};
use serde_json::{Value, json};

use crate::{
    config::{Config, LocalConfig},
    database::{Database, Opened, Written},
    installation::{self, now},
    output::Output,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The database to copy: a postgres:// or sqlite:// URL, or a path [default: the one that is
    /// set]
    #[arg(long, value_name = "DATABASE")]
    from: Option<Written>,
    /// The empty database to fill; a file is made
    #[arg(long, value_name = "DATABASE")]
    to: Written,
    /// The file that holds the password of --from, if it is not the one that is set
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// The same for --to
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let source = local(config, args.from, args.from_password_file.as_deref());
    let target = local(config, Some(args.to), args.to_password_file.as_deref());
    let (from, to) = (Database::of(&source)?, Database::of(&target)?);
    let source = from.open(&source).await.context("the database to copy")?;
    refuse_running(&source).await?;
    let target = to.open_or_make(&target).await.context("the database to fill")?;
    let (source, target) = (source.whole(), target.whole());
    let filled = Filled::fill(&*source, &*target, How::default(), (&from, &to)).await?;
    filled.warn_of_key(config)?;
    let value = filled.value(json!({ "from": from.to_string(), "to": to.to_string() }));
    output.print(&value, || {
        format!(
            "Copied {from} to {to}: {}\n{}\nNext: set `database` to the copy everywhere, and start \
             the servers there. Never start one on the old database again.",
            filled.rows(),
            filled.ends(),
        )
    });
    Ok(())
}

/// A database that a copy has filled.
pub(super) struct Filled {
    copied: Copied,
    chain: Chain,
    sealed_under: Option<String>,
}

impl Filled {
    /// Fills a database. Both are named in errors.
    pub(super) async fn fill(
        from: &dyn Whole,
        to: &dyn Whole,
        how: How,
        names: (&dyn fmt::Display, &dyn fmt::Display),
    ) -> anyhow::Result<Self> {
        let copied = match hallpass_store::copy(from, to, how).await {
            Err(why @ StoreError::Filled { .. }) => Err(why).context(names.1.to_string())?,
            Err(why @ StoreError::Moved { .. }) => Err(why).context(names.0.to_string())?,
            copied => {
                copied.with_context(|| format!("{} was not copied to {}", names.0, names.1))?
            }
        };
        let chain = to.verify_audit_chain().await?;
        let sealed_under = to.installation().await?.vault.map(|vault| vault.sealed_under);
        Ok(Self { copied, chain, sealed_under })
    }

    /// For scripts.
    pub(super) fn value(&self, mut begin: Value) -> Value {
        begin["change_seq"] = self.copied.seq.into();
        begin["rows"] = self.copied.rows().into();
        begin["audit_log_whole"] = matches!(self.chain, Chain::Whole { .. }).into();
        begin["master_key"] = json!(self.sealed_under);
        begin["tables"] = json!(self.copied.tables);
        begin
    }

    /// How much it was.
    pub(super) fn rows(&self) -> String {
        let Copied { seq, tables } = &self.copied;
        let (rows, tables) = (self.copied.rows(), tables.len());
        format!("{rows} rows of {tables} tables up to change {seq}, each read again and compared.")
    }

    /// What else there is to say of it.
    pub(super) fn ends(&self) -> String {
        let chain = match self.chain {
            Chain::Whole { events } => format!("The audit log is whole: {events} events."),
            Chain::Broken { seq } => format!(
                "The audit log was tampered with before: event {seq} is not as it was written."
            ),
        };
        match &self.sealed_under {
            Some(key) => format!("{chain} It opens with master key {key}, as before."),
            None => format!("{chain} It has never been set up, so there is no master key to it."),
        }
    }

    /// Says on standard error if the master key that is set does not open it.
    pub(super) fn warn_of_key(&self, config: &Config) -> anyhow::Result<()> {
        let Some(sealed_under) = &self.sealed_under else { return Ok(()) };
        let set = installation::master_key(config)?.map(|key| key.fingerprint());
        if set.as_ref() != Some(sealed_under) {
            let set = set.map_or("none is set here".to_owned(), |set| format!("{set} is set here"));
            eprintln!("hallpass: warning: it needs master key {sealed_under}, and {set}");
        }
        Ok(())
    }
}

/// The settings with another database.
pub(super) fn local(
    config: &Config,
    database: Option<Written>,
    password_file: Option<&Path>,
) -> LocalConfig {
    let mut local = config.local.clone();
    local.database = database.or(local.database);
    local.database_password_file = password_file.map(Into::into).or(local.database_password_file);
    local
}

/// Whoever still serves from a database would go on changing it.
async fn refuse_running(opened: &Opened) -> anyhow::Result<()> {
    let nodes = opened.store().nodes().await?;
    let Some(node) = nodes.iter().find(|node| !node.is_silent(now())) else { return Ok(()) };
    let report = &node.report;
    bail!(
        "a server runs on the database to copy: {} at {} said so {} s ago. Stop every server \
         there, so that nothing is lost; one that was killed is forgotten after {} s",
        report.name,
        report.address,
        now().millis_since(report.said_at) / 1000,
        3 * report.every_s,
    )
}
