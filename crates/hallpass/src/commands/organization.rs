//! `hallpass organization`: the provider's customers.

use clap::Subcommand;
use hallpass_core::organization::OrganizationStatus;
use hallpass_server::management::organizations::{self, Counted};
use serde_json::json;

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an organization
    Add {
        /// What it is called
        name: String,
    },
    /// Call an organization otherwise
    Rename {
        /// Id or name
        organization: String,
        /// What it is to be called
        name: String,
    },
    /// List all organizations
    List,
    /// Refuse all of its credentials, and kill all of their live tokens
    Suspend {
        /// Id or name
        organization: String,
    },
    /// End a suspension; what was killed stays dead
    Resume {
        /// Id or name
        organization: String,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Add { name } => {
            let organization = organizations::add(&act, name.parse()?).await?;
            output.print(&organization, || {
                format!("Added organization {} ({}).", organization.name, organization.id)
            });
        }
        Command::Rename { organization, name } => {
            let own = installation.organization(&organization).await?;
            let renamed = organizations::rename(&act, &own.id, name.parse()?).await?;
            output.print(&renamed, || format!("{} is called {} now.", own.name, renamed.name));
        }
        Command::List => {
            let all = organizations::counted(&act).await?;
            let own: Vec<_> = all.iter().map(|one| &one.organization).collect();
            output.print(&own, || {
                let rows: Vec<_> = all.iter().map(row).collect();
                table(&["name", "id", "status", "members", "credentials", "created"], &rows)
            });
        }
        Command::Suspend { organization } => {
            let own = installation.organization(&organization).await?;
            let change = organizations::suspend(&act, &own.id).await?;
            output.print(&json!({ "id": own.id, "change_seq": change.seq }), || {
                format!(
                    "Suspended {}: its credentials get no tokens, and every live token of theirs \
                     is dead. `hallpass organization resume {}` ends this.",
                    own.name, own.id
                )
            });
        }
        Command::Resume { organization } => {
            let own = installation.organization(&organization).await?;
            let change = organizations::resume(&act, &own.id).await?;
            output.print(&json!({ "id": own.id, "change_seq": change.seq }), || {
                format!("Resumed {}: its credentials get tokens again.", own.name)
            });
        }
    }
    Ok(())
}

fn row(counted: &Counted) -> Vec<String> {
    let Counted { organization, credentials } = counted;
    let status = match organization.status {
        OrganizationStatus::Active => "active",
        OrganizationStatus::Suspended => "suspended",
    };
    vec![
        organization.name.to_string(),
        organization.id.to_string(),
        status.to_owned(),
        organization.members.len().to_string(),
        credentials.all().to_string(),
        when::utc(organization.created_at),
    ]
}
