//! `hallpass audit`: who did what.

use anyhow::bail;
use clap::Subcommand;
use hallpass_store::{AuditFilter, Chain};
use serde_json::json;

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List events, newest first
    List {
        /// Only those about the thing of this id
        #[arg(long)]
        subject: Option<String>,
        /// Only those that concern this organization: id or name
        #[arg(long)]
        organization: Option<String>,
        /// Only what this person or client did, by id
        #[arg(long)]
        actor: Option<String>,
        /// Only those whose action begins so, such as `credential.`
        #[arg(long)]
        action: Option<String>,
        /// Only those from this moment on: a date with time and zone
        #[arg(long)]
        since: Option<String>,
        /// Only those before this moment
        #[arg(long)]
        until: Option<String>,
        /// Only those before this event
        #[arg(long)]
        before: Option<u64>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Recompute the chain of hashes: was any event edited, added or removed?
    Verify,
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    match command {
        Command::List { subject, organization, actor, action, since, until, before, limit } => {
            let organization_id = match organization {
                Some(called) => Some(installation.organization(&called).await?.id),
                None => None,
            };
            let moment = |text: Option<String>| text.map(|text| when::moment(&text)).transpose();
            let filter = AuditFilter {
                organization_id,
                subject,
                actor_id: actor,
                action,
                since: moment(since)?,
                until: moment(until)?,
            };
            let events = installation.store.audit(&filter, before, limit).await?;
            output.print(&events, || {
                let row = |event: &hallpass_core::audit::Event| {
                    vec![
                        event.seq.to_string(),
                        when::utc(event.at),
                        event.actor.to_string(),
                        event.action.clone(),
                        event.subject.clone(),
                    ]
                };
                let rows: Vec<_> = events.iter().map(row).collect();
                table(&["no", "when", "who", "what", "to"], &rows)
            });
        }
        Command::Verify => match installation.store.verify_audit_chain().await? {
            Chain::Whole { events } => {
                output.print(&json!({ "whole": true, "events": events }), || {
                    format!("The audit log is whole: {events} events, none edited or missing.")
                });
            }
            Chain::Broken { seq } => {
                bail!("the audit log was tampered with: event {seq} is not as it was written")
            }
        },
    }
    Ok(())
}
