//! `hallpass api`: the protected resources.

use clap::{Args, Subcommand};
use hallpass_core::{Api, ApiId, Mutation};
use hallpass_server::{entropy, management::Caller, rotation::Rotation};
use hallpass_store::Store;
use hallpass_token::jose::{Algorithm, TokenType};

use crate::{
    config::Config,
    installation::{Installation, now},
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an API
    Add {
        /// What people call it
        name: String,
        /// The `aud` of its tokens: an absolute URI, such as `https://api.example.com`
        #[arg(long)]
        audience: String,
        #[command(flatten)]
        options: Options,
    },
    /// Change an API
    Update {
        /// Id, audience or name
        api: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        options: Options,
    },
    /// List all APIs
    List,
}

/// What can be set and changed.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// A scope that credentials may be granted; may be repeated. Replaces all scopes
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// How long its tokens live, such as 24h [default: 24h]
    #[arg(long)]
    lifetime: Option<String>,
    /// ES256, RS256 or EdDSA [default: ES256]
    #[arg(long)]
    algorithm: Option<Algorithm>,
    /// `at+jwt`, or `JWT` for verifiers that refuse RFC 9068's type [default: at+jwt]
    #[arg(long)]
    typ: Option<TokenType>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
}

impl Options {
    fn apply(self, mut api: Api) -> anyhow::Result<Api> {
        if !self.scopes.is_empty() {
            api.scopes = self.scopes.join(" ").parse()?;
        }
        if let Some(lifetime) = self.lifetime {
            api = api.with_token_lifetime(when::seconds(&lifetime)?)?;
        }
        if let Some(description) = self.description {
            api.description = description.parse()?;
        }
        api.algorithm = self.algorithm.unwrap_or(api.algorithm);
        api.token_type = self.typ.unwrap_or(api.token_type);
        Ok(api)
    }
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    match command {
        Command::Add { name, audience, options } => {
            let id = ApiId::from_entropy(entropy::bytes());
            let api = options.apply(Api::new(id, name.parse()?, audience.parse()?, now()))?;
            ensure_key(&installation, api.algorithm).await?;
            installation.commit(&Mutation::AddApi(api.clone())).await?;
            output.print(&api, || format!("Added API {} for audience {}.", api.name, api.audience));
        }
        Command::Update { api, name, options } => {
            let mut api = options.apply(installation.api(&api).await?)?;
            if let Some(name) = name {
                api.name = name.parse()?;
            }
            ensure_key(&installation, api.algorithm).await?;
            installation.commit(&Mutation::UpdateApi(api.clone())).await?;
            output.print(&api, || format!("Changed API {}.", api.name));
        }
        Command::List => {
            let all = installation.store.apis().await?;
            output.print(&all, || {
                let rows: Vec<_> = all.iter().map(row).collect();
                table(&["name", "audience", "scopes", "lifetime", "algorithm", "typ", "id"], &rows)
            });
        }
    }
    Ok(())
}

/// Makes the first key of an algorithm before any token needs it.
async fn ensure_key(installation: &Installation, algorithm: Algorithm) -> anyhow::Result<()> {
    let Installation { store, vault, caller: Caller { actor, .. } } = installation;
    Rotation { store: &**store, vault, actor, now: now() }.ensure(algorithm).await?;
    Ok(())
}

fn row(api: &Api) -> Vec<String> {
    vec![
        api.name.to_string(),
        api.audience.to_string(),
        api.scopes.to_string(),
        format!("{} s", api.token_lifetime_s),
        api.algorithm.to_string(),
        api.token_type.to_string(),
        api.id.to_string(),
    ]
}
