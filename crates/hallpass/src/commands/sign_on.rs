//! `hallpass sign-on`: an organization's own OpenID Connect provider.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use hallpass_core::{
    Organization,
    organization::{Domain, ProviderIssuer},
    permission::Role,
};
use hallpass_server::{
    management::sign_on::{self, Wanted},
    sign_on::callback_path,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{config::Config, installation::Installation, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let people of these domains sign in at their organization's provider
    Set {
        /// Id or name of the organization
        organization: String,
        /// The provider's issuer; `--issuer` is this server's own
        #[arg(long, value_name = "ISSUER")]
        provider: ProviderIssuer,
        /// Who Hallpass is to the provider
        #[arg(long)]
        client_id: String,
        /// The file that holds the client secret and nothing else
        #[arg(long, value_name = "FILE")]
        client_secret_file: PathBuf,
        /// A domain whose addresses the provider may vouch for; may be repeated
        #[arg(long = "domain", required = true)]
        domains: Vec<Domain>,
        /// What somebody becomes who signs in for the first time
        #[arg(long, default_value_t = Role::Developer)]
        role: Role,
    },
    /// Say where an organization's people sign in
    Show {
        /// Id or name of the organization
        organization: String,
    },
    /// Let them sign in here alone
    Remove {
        /// Id or name of the organization
        organization: String,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Set { organization, provider, client_id, client_secret_file, domains, role } => {
            let own = installation.organization(&organization).await?;
            let secret = std::fs::read_to_string(&client_secret_file)
                .with_context(|| format!("cannot read {}", client_secret_file.display()))?;
            let secret = Zeroizing::new(secret);
            let client_secret = Zeroizing::new(secret.trim_end().to_owned());
            let wanted =
                Wanted { issuer: provider, client_id, client_secret, domains, default_role: role };
            sign_on::set(&act, &own.id, wanted).await?;
            show(&installation.organization(own.id.as_str()).await?, config, output);
        }
        Command::Show { organization } => {
            show(&installation.organization(&organization).await?, config, output);
        }
        Command::Remove { organization } => {
            let own = installation.organization(&organization).await?;
            sign_on::remove(&act, &own.id).await?;
            show(&installation.organization(own.id.as_str()).await?, config, output);
        }
    }
    Ok(())
}

fn show(own: &Organization, config: &Config, output: Output) {
    let callback = config.server.url(&callback_path(&own.id));
    let value = own.sign_on.as_ref().map(|sign_on| {
        json!({
            "issuer": sign_on.issuer,
            "client_id": sign_on.client_id,
            "domains": sign_on.domains,
            "default_role": sign_on.default_role,
            "redirect_uri": callback,
        })
    });
    output.print(&value, || match &own.sign_on {
        None => format!("The people of {} sign in here.", own.name),
        Some(sign_on) => {
            let domains: Vec<_> = sign_on.domains.iter().map(Domain::as_str).collect();
            format!(
                "The people of {} with addresses at {} sign in at {}, at first as {}.\n\
                 Tell the provider this redirect URI: {callback}",
                own.name,
                domains.join(", "),
                sign_on.issuer.as_str(),
                sign_on.default_role,
            )
        }
    });
}
