//! `hallpass api`: the protected resources.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::{Args, Subcommand};
use hallpass_core::{Api, Scopes, api::DEFAULT_TOKEN_LIFETIME_S, text::Note};
use hallpass_server::management::apis::{self, Wanted};
use hallpass_token::jose::{Algorithm, TokenType};

use crate::{
    config::Config,
    installation::Installation,
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
    /// What a scope means, in plain words: `books:read=Reads books`; may be repeated
    #[arg(long = "scope-description", value_name = "SCOPE=WORDS")]
    scope_descriptions: Vec<String>,
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
    fn apply(self, mut wanted: Wanted) -> anyhow::Result<Wanted> {
        if !self.scopes.is_empty() {
            wanted.scopes = self.scopes.join(" ").parse()?;
        }
        for words in self.scope_descriptions {
            let (scope, words) = words.split_once('=').with_context(|| {
                format!("{words:?} is not a scope and its description: books:read=Reads books")
            })?;
            anyhow::ensure!(wanted.scopes.contains(scope), "the API has no scope {scope:?}");
            wanted.scope_descriptions.insert(scope.to_owned(), words.parse()?);
        }
        if let Some(lifetime) = self.lifetime {
            wanted.token_lifetime_s = when::seconds(&lifetime)?;
        }
        if let Some(description) = self.description {
            wanted.description = description.parse()?;
        }
        wanted.algorithm = self.algorithm.unwrap_or(wanted.algorithm);
        wanted.token_type = self.typ.unwrap_or(wanted.token_type);
        Ok(wanted)
    }
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Add { name, audience, options } => {
            let wanted = Wanted {
                name: name.parse()?,
                description: Note::default(),
                audience: audience.parse()?,
                scopes: Scopes::default(),
                scope_descriptions: BTreeMap::new(),
                token_lifetime_s: DEFAULT_TOKEN_LIFETIME_S,
                algorithm: Algorithm::Es256,
                token_type: TokenType::AtJwt,
            };
            let api = apis::add(&act, options.apply(wanted)?).await?;
            output.print(&api, || format!("Added API {} for audience {}.", api.name, api.audience));
        }
        Command::Update { api, name, options } => {
            let before = installation.api(&api).await?;
            let mut wanted = options.apply(Wanted::like(&before))?;
            if let Some(name) = name {
                wanted.name = name.parse()?;
            }
            let meaning = apis::meaning(&before, &wanted);
            let api = apis::update(&act, &before.id, wanted).await?;
            output.print(&api, || {
                let changed = format!("Changed API {}.", api.name);
                std::iter::once(changed).chain(meaning).collect::<Vec<_>>().join("\n")
            });
        }
        Command::List => {
            let all = apis::list(&act).await?;
            output.print(&all, || {
                let rows: Vec<_> = all.iter().map(row).collect();
                table(&["name", "audience", "scopes", "lifetime", "algorithm", "typ", "id"], &rows)
            });
        }
    }
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
