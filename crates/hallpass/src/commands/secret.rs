//! `hallpass secret`: single secrets of a credential.

use clap::Subcommand;
use hallpass_core::{
    Mutation, SecretId,
    credential::{LiveTokens, NewSecret},
    secret::Secret,
};
use hallpass_server::entropy;
use hallpass_store::Store;
use serde_json::json;

use super::{credential::CredentialFile, find};
use crate::{
    config::Config,
    installation::{Installation, now},
    output::Output,
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a secret; kills nothing
    Add {
        /// Client id or name of the credential
        credential: String,
        /// Where it will be kept
        #[arg(long, default_value = "")]
        note: String,
        /// When it stops working: a date with time and zone, or a length such as 90d
        #[arg(long)]
        expires: Option<String>,
    },
    /// Retire a secret: it gets no more tokens
    Retire {
        /// Client id or name of the credential
        credential: String,
        /// Id or last four characters of the secret
        secret: String,
        /// Kill the tokens that it has minted, too
        #[arg(long)]
        kill_tokens: bool,
    },
    /// Kill the live tokens of a secret, and keep the secret
    KillTokens {
        /// Client id or name of the credential
        credential: String,
        /// Id or last four characters of the secret
        secret: String,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    match command {
        Command::Add { credential, note, expires } => {
            let new = New { note: &note, expires_in: expires.as_deref(), others_expire_in: None };
            add(&credential, new, &installation, config, output).await
        }
        Command::Retire { credential, secret, kill_tokens } => {
            let own = installation.credential(&credential).await?;
            let secret_id = find::secret(&own, &secret)?.id.clone();
            let live = if kill_tokens { LiveTokens::Kill } else { LiveTokens::Keep };
            let client_id = own.client_id.clone();
            let mutation = Mutation::RetireSecret { client_id, secret_id: secret_id.clone(), live };
            let change = installation.commit(&mutation).await?;
            output.print(&json!({ "secret": secret_id, "change_seq": change.seq }), || {
                let tokens = match live {
                    LiveTokens::Kill => "The tokens that it minted are dead.",
                    LiveTokens::Keep => {
                        "The tokens that it minted live until they expire; --kill-tokens ends them."
                    }
                };
                format!("Retired {secret_id}: it gets no more tokens. {tokens}")
            });
            Ok(())
        }
        Command::KillTokens { credential, secret } => {
            let own = installation.credential(&credential).await?;
            let secret_id = find::secret(&own, &secret)?.id.clone();
            let client_id = own.client_id.clone();
            let mutation = Mutation::KillTokens { client_id, secret_id: secret_id.clone() };
            let change = installation.commit(&mutation).await?;
            output.print(&json!({ "secret": secret_id, "change_seq": change.seq }), || {
                format!("Killed the live tokens of {secret_id}. The secret goes on working.")
            });
            Ok(())
        }
    }
}

/// How a secret is to be added.
pub(super) struct New<'a> {
    pub(super) note: &'a str,
    pub(super) expires_in: Option<&'a str>,
    pub(super) others_expire_in: Option<&'a str>,
}

/// Adds a secret and shows it, once.
pub(super) async fn add(
    called: &str,
    how: New<'_>,
    installation: &Installation,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let apis = installation.store.apis().await?;
    let secret = Secret::from_entropy(entropy::bytes());
    let id = SecretId::from_entropy(entropy::bytes());
    let mut new = NewSecret::new(id, &secret, &installation.vault.pepper);
    new.note = how.note.parse()?;
    new.expires_at = how.expires_in.map(|text| when::end(text, now())).transpose()?;
    let others_expire_at = how.others_expire_in.map(|text| when::point(text, now())).transpose()?;
    let client_id = own.client_id.clone();
    installation.commit(&Mutation::AddSecret { client_id, secret: new, others_expire_at }).await?;
    CredentialFile::new(&own, &secret, &apis, config).hand_over(None, output)?;
    if let Some(end) = others_expire_at
        && !output.json
    {
        println!(
            "\nThe other secrets work until {}. `hallpass credential show {}` tells when they \
             were last used.",
            when::utc(end),
            own.client_id
        );
    }
    Ok(())
}
