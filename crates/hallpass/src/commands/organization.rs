//! `hallpass organization`: the provider's customers.

use clap::Subcommand;
use hallpass_core::{Mutation, Organization, OrganizationId, organization::OrganizationStatus};
use hallpass_server::entropy;
use hallpass_store::Store;
use serde_json::json;

use crate::{
    config::Config,
    installation::{Installation, now},
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
    match command {
        Command::Add { name } => {
            let id = OrganizationId::from_entropy(entropy::bytes());
            let organization = Organization::new(id, name.parse()?, now());
            installation.commit(&Mutation::AddOrganization(organization.clone())).await?;
            output.print(&organization, || {
                format!("Added organization {} ({}).", organization.name, organization.id)
            });
        }
        Command::List => {
            let all = installation.store.organizations().await?;
            output.print(&all, || {
                let rows: Vec<_> = all.iter().map(row).collect();
                table(&["name", "id", "status", "created"], &rows)
            });
        }
        Command::Suspend { organization } => {
            let own = installation.organization(&organization).await?;
            let change =
                installation.commit(&Mutation::SuspendOrganization(own.id.clone())).await?;
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
            let change = installation.commit(&Mutation::ResumeOrganization(own.id.clone())).await?;
            output.print(&json!({ "id": own.id, "change_seq": change.seq }), || {
                format!("Resumed {}: its credentials get tokens again.", own.name)
            });
        }
    }
    Ok(())
}

fn row(organization: &Organization) -> Vec<String> {
    let status = match organization.status {
        OrganizationStatus::Active => "active",
        OrganizationStatus::Suspended => "suspended",
    };
    vec![
        organization.name.to_string(),
        organization.id.to_string(),
        status.to_owned(),
        when::utc(organization.created_at),
    ]
}
