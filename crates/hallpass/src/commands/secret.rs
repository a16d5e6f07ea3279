//! `hallpass secret`: single secrets of a credential.

use clap::Subcommand;
use hallpass_core::{ClientId, SecretId, credential::LiveTokens};
use hallpass_server::management::secrets::{self, Wanted};
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
    /// Say where a secret is kept
    Note {
        /// Client id or name of the credential
        credential: String,
        /// Id or last four characters of the secret
        secret: String,
        /// Where it is kept
        note: String,
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
    /// Retire a secret that strangers have seen, even the last one, and kill its tokens
    Leaked {
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
        Command::Note { credential, secret, note } => {
            let (client_id, secret_id) = named(&installation, &credential, &secret).await?;
            secrets::note(&installation.act(), &client_id, &secret_id, note.parse()?).await?;
            output.print(&json!({ "secret": secret_id, "note": note }), || {
                format!("Noted where {secret_id} is kept.")
            });
            Ok(())
        }
        Command::Retire { credential, secret, kill_tokens } => {
            let (client_id, secret_id) = named(&installation, &credential, &secret).await?;
            let live = if kill_tokens { LiveTokens::Kill } else { LiveTokens::Keep };
            let change = secrets::retire(&installation.act(), &client_id, &secret_id, live).await?;
            let tokens = match live {
                LiveTokens::Kill => "The tokens that it minted are dead.",
                LiveTokens::Keep => {
                    "The tokens that it minted live until they expire; --kill-tokens ends them."
                }
            };
            done(output, &secret_id, change.seq, &format!("it gets no more tokens. {tokens}"));
            Ok(())
        }
        Command::KillTokens { credential, secret } => {
            let (client_id, secret_id) = named(&installation, &credential, &secret).await?;
            let change = secrets::kill_tokens(&installation.act(), &client_id, &secret_id).await?;
            let says = "its live tokens are dead. The secret goes on working.";
            done(output, &secret_id, change.seq, says);
            Ok(())
        }
        Command::Leaked { credential, secret } => {
            let (client_id, secret_id) = named(&installation, &credential, &secret).await?;
            let change = secrets::leaked(&installation.act(), &client_id, &secret_id).await?;
            let says = "it is retired, and the tokens that it minted are dead.";
            done(output, &secret_id, change.seq, says);
            Ok(())
        }
    }
}

/// The ids of a credential and of one of its secrets.
async fn named(
    installation: &Installation,
    credential: &str,
    secret: &str,
) -> anyhow::Result<(ClientId, SecretId)> {
    let own = installation.credential(credential).await?;
    let secret_id = find::secret(&own, secret)?.id.clone();
    Ok((own.client_id, secret_id))
}

fn done(output: Output, secret_id: &SecretId, change_seq: u64, says: &str) {
    let value = json!({ "secret": secret_id, "change_seq": change_seq });
    output.print(&value, || format!("Secret {secret_id}: {says}"));
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
    let others_expire_at = how.others_expire_in.map(|text| when::point(text, now())).transpose()?;
    let wanted = Wanted {
        note: how.note.parse()?,
        expires_at: how.expires_in.map(|text| when::end(text, now())).transpose()?,
        others_expire_at,
    };
    let made = secrets::add(&installation.act(), &own.client_id, wanted).await?;
    CredentialFile::new(&own, &made.secret, &apis, config).hand_over(None, output)?;
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
