//! `hallpass token`: what a token says, and whether it is good.

use std::io::Read;

use anyhow::Context;
use clap::Subcommand;
use hallpass_token::{
    claims::Claims,
    jose::{Jws, KeySet},
    revocation::{Presented, RevocationSet},
    verify::{self, Policy},
};
use serde_json::{Value, json};

use crate::{
    config::Config,
    installation::{Installation, now},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a token says, and whether it is alive by this installation's keys and feed
    Inspect {
        /// The token, or `-` to read it from standard input (so that no shell history keeps it)
        token: String,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let Command::Inspect { token } = command;
    let token = if token == "-" {
        let mut text = String::new();
        std::io::stdin().take(64 * 1024).read_to_string(&mut text)?;
        text.trim().to_owned()
    } else {
        token
    };
    let installation = Installation::open(config).await?;
    let jws = Jws::parse(&token).context("this is not a token that Hallpass issues")?;
    let claims = Claims::parse(jws.payload()).context("the token's claims are not readable")?;
    let verdict = verdict(&token, &claims, &installation, config).await?;
    let payload: Value = serde_json::from_slice(jws.payload())?;
    let value = json!({ "verdict": verdict, "claims": payload });
    output.print(&value, || {
        let claims = serde_json::to_string_pretty(&payload).unwrap_or_default();
        format!("{verdict}\n\n{claims}")
    });
    Ok(())
}

async fn verdict(
    token: &str,
    claims: &Claims,
    installation: &Installation,
    config: &Config,
) -> anyhow::Result<String> {
    let rings = installation.store.rings().await?;
    let keys = rings.iter().flat_map(|ring| &ring.keys).map(|key| key.public.clone());
    let keys = KeySet::from_keys(keys)?;
    let policy = Policy::new(config.server.issuer.as_str(), claims.aud.iter().cloned())?;
    let policy = policy.with_jwt_type(true);
    let verified = match verify::verify(token, &keys, &policy, now().as_secs()) {
        Ok(verified) => verified,
        Err(why) => return Ok(format!("Not valid: {why}.")),
    };
    let mut set = RevocationSet::default();
    for death in installation.store.feed().await?.deaths {
        set.apply(&death.entry);
    }
    let presented = Presented::of(&verified.claims, &verified.kid);
    Ok(match set.verdict(&presented, now().as_secs()) {
        Some(death) => format!("Dead: the signature is good, but {death:?} was killed."),
        None => {
            let left = verified.claims.exp.saturating_sub(now().as_secs());
            format!("Alive for {left} more seconds, for {}.", verified.claims.aud.join(", "))
        }
    })
}
