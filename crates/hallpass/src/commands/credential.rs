//! `hallpass credential`: the OAuth clients of the organizations.

mod add;
mod bulk;
mod show;
mod traffic;

use std::collections::HashMap;

pub(super) use self::add::CredentialFile;
use anyhow::bail;
use clap::Subcommand;
use hallpass_core::{Change, ClientId, Credential};
use hallpass_server::management::credentials::{self, Finished, Step};
use hallpass_store::{CredentialFilter, LastUsed};
use serde_json::json;

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a credential; prints its secret, once
    Add(add::Args),
    /// List credentials
    List {
        /// Only those of this organization: id or name
        #[arg(long)]
        organization: Option<String>,
        /// Only those in this status: pending, active, paused or revoked
        #[arg(long)]
        status: Option<String>,
        /// Only those whose name contains this
        #[arg(long)]
        name: Option<String>,
        /// Only those with this tag
        #[arg(long)]
        tag: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show one credential with its secrets
    Show {
        /// Client id or name
        credential: String,
    },
    /// Change a credential
    Update(add::UpdateArgs),
    /// Add a second secret and give the others an end date, so that rotation needs no downtime
    Rotate {
        /// Client id or name
        credential: String,
        /// How long the old secrets go on working
        #[arg(long, default_value = "7d")]
        overlap: String,
        /// Where the new secret will be kept
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Say how far a rotation has come, and which secrets can be retired
    Rotation {
        /// Client id or name
        credential: String,
    },
    /// Say how often a credential asked for tokens, by hour
    Usage {
        /// Client id or name
        credential: String,
        /// How far back
        #[arg(long, value_name = "LENGTH", default_value = "14d")]
        last: String,
    },
    /// Say from which addresses and by which client libraries a credential was used
    Sightings {
        /// Client id or name
        credential: String,
    },
    /// Pause several credentials
    BulkPause {
        /// Client ids or names; 25 at most
        #[arg(required = true)]
        credentials: Vec<String>,
    },
    /// Add a secret to each of several credentials, and print them all, once
    BulkRotate {
        /// Client ids or names; 25 at most
        #[arg(required = true)]
        credentials: Vec<String>,
        /// How long the old secrets go on working
        #[arg(long, default_value = "7d")]
        overlap: String,
    },
    /// Let a pending credential get tokens; where approval is required, ask for it
    Activate {
        /// Client id or name
        credential: String,
    },
    /// Let a pending credential get tokens that waits for an owner or admin
    Approve {
        /// Client id or name
        credential: String,
    },
    /// Do away with a pending credential
    Discard {
        /// Client id or name
        credential: String,
    },
    /// Refuse new tokens and kill the live ones, until resumed
    Pause {
        /// Client id or name
        credential: String,
    },
    /// End a pause; what was killed stays dead
    Resume {
        /// Client id or name
        credential: String,
    },
    /// End a credential for good and kill all of its live tokens
    Revoke {
        /// Client id or name
        credential: String,
    },
    /// Remove a revoked credential
    Delete {
        /// Client id or name
        credential: String,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    match command {
        Command::Add(args) => add::add(args, &installation, config, output).await,
        Command::Update(args) => add::update(args, &installation, output).await,
        Command::Show { credential } => show::show(&credential, &installation, output).await,
        Command::List { organization, status, name, tag, limit } => {
            let organization_id = match organization {
                Some(called) => Some(installation.organization(&called).await?.id),
                None => None,
            };
            let filter = CredentialFilter { organization_id, status, text: name, tag };
            list(&installation, &filter, limit, output).await
        }
        Command::Rotate { credential, overlap, note } => {
            let rotation = super::secret::New {
                note: &note,
                expires_in: None,
                others_expire_in: Some(&overlap),
            };
            super::secret::add(&credential, rotation, &installation, config, output).await
        }
        Command::Rotation { credential } => {
            traffic::rotation(&credential, &installation, output).await
        }
        Command::Usage { credential, last } => {
            traffic::usage(&credential, when::seconds(&last)?, &installation, output).await
        }
        Command::Sightings { credential } => {
            traffic::sightings(&credential, &installation, output).await
        }
        Command::BulkPause { credentials } => {
            bulk::pause(&credentials, &installation, output).await
        }
        Command::BulkRotate { credentials, overlap } => {
            bulk::rotate(&credentials, &overlap, &installation, output).await
        }
        Command::Activate { credential } => activate(&installation, &credential, output).await,
        Command::Approve { credential } => {
            step(&installation, &credential, Step::Approve, output).await
        }
        Command::Discard { credential } => {
            step(&installation, &credential, Step::Discard, output).await
        }
        Command::Pause { credential } => {
            step(&installation, &credential, Step::Pause, output).await
        }
        Command::Resume { credential } => {
            step(&installation, &credential, Step::Resume, output).await
        }
        Command::Revoke { credential } => {
            step(&installation, &credential, Step::Revoke, output).await
        }
        Command::Delete { credential } => {
            step(&installation, &credential, Step::Delete, output).await
        }
    }
}

async fn activate(installation: &Installation, called: &str, output: Output) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let (_, finished) = credentials::activate(&installation.act(), &own.client_id).await?;
    let (status, says) = match finished {
        Finished::Active => ("active", "gets tokens from now on"),
        Finished::AwaitsApproval => ("pending", "waits for an owner or admin"),
    };
    output.print(&json!({ "client_id": own.client_id, "status": status }), || {
        format!("{} ({}) {says}.", own.settings.name, own.client_id)
    });
    Ok(())
}

/// Takes a step, and says what came of it.
async fn step(
    installation: &Installation,
    called: &str,
    step: Step,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let change = credentials::step(&installation.act(), &own.client_id, step).await?;
    let (did, says) = match step {
        Step::Approve => ("Approved", "It gets tokens from now on"),
        Step::Discard => ("Discarded", "Nothing of it is left"),
        Step::Pause => ("Paused", "It gets no tokens, and its live ones are dead"),
        Step::Resume => ("Resumed", "It gets tokens again; the old ones stay dead"),
        Step::Revoke => (
            "Revoked",
            "All of its live tokens are dead at every connected verifier within a second",
        ),
        Step::Delete => {
            ("Deleted", "The feed keeps its entry until the last token would have expired")
        }
    };
    done(output, &own, &change, did, says);
    Ok(())
}

fn done(output: Output, own: &Credential, change: &Change, did: &str, says: &str) {
    let feed_seq = change.death.as_ref().map(|death| death.feed_seq);
    let value =
        json!({ "client_id": own.client_id, "change_seq": change.seq, "feed_seq": feed_seq });
    output.print(&value, || format!("{did} {} ({}). {says}.", own.settings.name, own.client_id));
}

async fn list(
    installation: &Installation,
    filter: &CredentialFilter,
    limit: usize,
    output: Output,
) -> anyhow::Result<()> {
    if let Some(status) = &filter.status
        && !["pending", "active", "paused", "revoked"].contains(&status.as_str())
    {
        bail!("there is no status {status:?}: it is pending, active, paused or revoked");
    }
    let apis = installation.store.apis().await?;
    let all = installation.store.credentials(filter, None, limit).await?;
    let ids: Vec<_> = all.iter().map(|own| own.client_id.clone()).collect();
    let mut used: HashMap<ClientId, Vec<LastUsed>> = HashMap::new();
    for (id, one) in installation.store.last_used_of(&ids).await? {
        used.entry(id).or_default().push(one);
    }
    let of = |own: &Credential| used.get(&own.client_id).map_or(&[][..], Vec::as_slice);
    let views: Vec<_> = all.iter().map(|own| show::view(own, &apis, of(own))).collect();
    output.print(&views, || {
        let rows: Vec<_> = all.iter().map(|own| show::row(own, &apis, of(own))).collect();
        let names = ["name", "client id", "status", "APIs", "secrets", "last used", "expires"];
        table(&names, &rows)
    });
    Ok(())
}
