//! `hallpass key`: signing keys, and the master key that everything is sealed under.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hallpass_server::{
    first_start,
    management::{
        ManagementError,
        keys::{self, Next, Rings},
    },
};
use hallpass_token::jose::Algorithm;
use serde_json::json;

use crate::{
    config::Config,
    installation::{self, Installation, now},
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List signing keys and where each stands
    List,
    /// Publish the next signing key; it signs once every verifier has had time to fetch it
    Rotate {
        /// ES256, RS256 or EdDSA
        #[arg(long, default_value = "ES256")]
        algorithm: Algorithm,
        /// How long it is published before it signs [default: key_publish_lead_s]
        #[arg(long, allow_hyphen_values = true)]
        lead: Option<String>,
    },
    /// Emergency: kill a compromised key and every token it has signed; a new one signs at once
    Kill {
        /// The key's kid
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Yes, every customer has to fetch a new token
        #[arg(long)]
        yes: bool,
    },
    /// Seal everything under a new master key; credentials and signing keys stay as they are
    ChangeMaster {
        /// The new master key's file; made if it does not exist
        #[arg(long, value_name = "FILE")]
        new_file: PathBuf,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    match command {
        Command::List => list(config, output).await,
        Command::Rotate { algorithm, lead } => {
            let lead_s = match lead {
                Some(text) => when::seconds(&text)?,
                None => config.server.key_publish_lead_s,
            };
            rotate(algorithm, lead_s, config, output).await
        }
        Command::Kill { kid, yes } => kill(&kid, yes, config, output).await,
        Command::ChangeMaster { new_file } => change_master(&new_file, config, output).await,
    }
}

async fn list(config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let Rings { rings, longest_lifetime_s } = keys::list(&installation.act()).await?;
    let keys: Vec<_> = rings
        .iter()
        .flat_map(|ring| ring.keys.iter().map(move |key| (ring, key)))
        .map(|(ring, key)| {
            json!({
                "kid": key.kid,
                "algorithm": ring.algorithm,
                "status": ring.status(key, now(), longest_lifetime_s).word(),
                "published_at": when::utc(key.published_at),
                "signs_from": when::utc(key.signs_from),
                "killed_at": key.killed_at.map(when::utc),
            })
        })
        .collect();
    output.print(&keys, || {
        let text =
            |key: &serde_json::Value, name: &str| key[name].as_str().unwrap_or("-").to_owned();
        let names = ["kid", "algorithm", "status", "published_at", "signs_from", "killed_at"];
        let row = |key| names.iter().map(|name| text(key, name)).collect();
        let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
        table(&["kid", "algorithm", "status", "published", "signs from", "killed"], &rows)
    });
    Ok(())
}

async fn rotate(
    algorithm: Algorithm,
    lead_s: u64,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let next = Next { algorithm, lead_s, after: None };
    let key = keys::rotate(&installation.act(), next).await?.key;
    let value = json!({ "kid": key.kid, "signs_from": when::utc(key.signs_from) });
    output.print(&value, || {
        let signs_from = when::utc(key.signs_from);
        format!("Published {algorithm} key {}; it signs from {signs_from} on.", key.kid)
    });
    if lead_s < config.server.jwks_max_age_s {
        eprintln!(
            "hallpass: warning: verifiers may cache the JWKS for {} s and will not know the key \
             before that",
            config.server.jwks_max_age_s
        );
    }
    Ok(())
}

async fn kill(kid: &str, yes: bool, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    anyhow::ensure!(
        yes,
        "this kills every live token that {kid} has signed, so every customer has to fetch a new \
         one; say --yes if that is what you want"
    );
    let killed = match keys::kill(&installation.act(), kid).await {
        Err(ManagementError::NotFound(_)) => {
            anyhow::bail!("there is no signing key {kid:?}; see `hallpass key list`")
        }
        other => other?,
    };
    let seq = killed.change.seq;
    let value = json!({ "killed": kid, "signing": killed.signing, "change_seq": seq });
    output.print(&value, || {
        format!(
            "Killed {kid}: every token it signed is dead at every connected verifier within a \
             second. {} signs now.",
            killed.signing.as_deref().unwrap_or("A new key")
        )
    });
    Ok(())
}

async fn change_master(new_file: &Path, config: &Config, output: Output) -> anyhow::Result<()> {
    let (Installation { store, caller, .. }, old) = Installation::open_with_key(config).await?;
    let new = match installation::read_master_key(new_file)? {
        Some(key) => key,
        None => installation::make_master_key(new_file)?,
    };
    anyhow::ensure!(
        new.fingerprint() != old.fingerprint(),
        "{} holds the master key that is in use already",
        new_file.display()
    );
    first_start::change_master_key(&*store, (&old, &new), &caller.actor, now()).await?;
    let value = json!({ "old": old.fingerprint(), "new": new.fingerprint(), "file": new_file });
    output.print(&value, || {
        format!(
            "Everything is sealed under master key {} now. Running nodes go on; before the next \
             start, set master_key_file to {} and put a copy away. The old key ({}) opens older \
             backups only.",
            new.fingerprint(),
            new_file.display(),
            old.fingerprint()
        )
    });
    Ok(())
}
