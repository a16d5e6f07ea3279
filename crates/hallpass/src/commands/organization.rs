//! `hallpass organization`: the provider's customers.

use clap::Subcommand;
use hallpass_core::{Organization, organization::OrganizationStatus};
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
    /// Set an organization's rules for its credentials; what is left out stays
    SetPolicy {
        /// Id or name
        organization: String,
        /// The longest life of a new secret, such as 90d, or `none`
        #[arg(long, value_name = "LENGTH")]
        secret_life: Option<String>,
        /// Whether every credential must have an IP allow-list
        #[arg(long)]
        allow_list_required: Option<bool>,
        /// Whether an owner or admin must approve a new credential
        #[arg(long)]
        approval_required: Option<bool>,
    },
    /// Set of what an organization's owners and admins hear by mail
    SetMailed {
        /// Id or name
        organization: String,
        /// expiring, unused, new_address, leaked, approval_asked, stopped; may be repeated. Or `none`
        #[arg(long = "kind", required = true)]
        kinds: Vec<String>,
    },
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
            output.print(&shown(&organization), || {
                format!("Added organization {} ({}).", organization.name, organization.id)
            });
        }
        Command::Rename { organization, name } => {
            let own = installation.organization(&organization).await?;
            let renamed = organizations::rename(&act, &own.id, name.parse()?).await?;
            output.print(&shown(&renamed), || {
                format!("{} is called {} now.", own.name, renamed.name)
            });
        }
        Command::SetPolicy {
            organization,
            secret_life,
            allow_list_required,
            approval_required,
        } => {
            let own = installation.organization(&organization).await?;
            let mut policy = own.policy;
            match secret_life.as_deref() {
                None => {}
                Some("none") => policy.secret_life_at_most_s = None,
                Some(length) => policy.secret_life_at_most_s = Some(when::seconds(length)?),
            }
            policy.allow_list_required = allow_list_required.unwrap_or(policy.allow_list_required);
            policy.approval_required = approval_required.unwrap_or(policy.approval_required);
            let set = organizations::set_policy(&act, &own.id, policy).await?;
            output.print(&set.policy, || format!("Set the policy of {}.", set.name));
        }
        Command::SetMailed { organization, kinds } => {
            let own = installation.organization(&organization).await?;
            let kinds = super::webhook::kinds(&kinds)?;
            let set = organizations::set_mailed(&act, &own.id, kinds).await?;
            output.print(&set.mailed, || format!("Set what is mailed of {}.", set.name));
        }
        Command::List => {
            let all = organizations::counted(&act).await?;
            let own: Vec<_> = all.iter().map(view).collect();
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

/// Without members, invitations and webhooks: those have commands of their own.
fn shown(organization: &Organization) -> serde_json::Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "status": organization.status,
        "created_at": organization.created_at,
        "suspended_at": organization.suspended_at,
        "policy": organization.policy,
        "mailed": organization.mailed,
    })
}

fn view(counted: &Counted) -> serde_json::Value {
    let mut value = shown(&counted.organization);
    value["members"] = json!(counted.organization.members.len());
    value["credentials"] = json!(counted.credentials.all());
    value
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
