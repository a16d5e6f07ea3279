//! Making and changing a credential.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use hallpass_core::{
    Api, ClientId, Credential,
    credential::{Grant, Settings},
    secret::Secret,
    text::Note,
};
use hallpass_server::management::{credentials, secrets};
use serde::Serialize;

use crate::{
    config::Config,
    installation::{Installation, now},
    output::Output,
    when,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What people call it
    name: String,
    /// Its owner: id or name
    #[arg(long, visible_alias = "org")]
    organization: String,
    /// An API it may call, as AUDIENCE or AUDIENCE=SCOPE,SCOPE (all scopes unless said); may be
    /// repeated, the first is the default
    #[arg(long = "api", required = true)]
    apis: Vec<String>,
    #[command(flatten)]
    options: Options,
    /// Where the secret will be kept
    #[arg(long, default_value = "")]
    note: String,
    /// Write the credential with its secret to this new file (mode 0600) instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// Client id or name
    credential: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// An API it may call, as AUDIENCE or AUDIENCE=SCOPE,SCOPE; may be repeated. Replaces all
    #[arg(long = "api")]
    apis: Vec<String>,
    #[command(flatten)]
    options: Options,
    /// It never expires
    #[arg(long, conflicts_with = "expires")]
    never_expires: bool,
    /// Token requests may come from anywhere
    #[arg(long, conflicts_with = "allow_from")]
    allow_anywhere: bool,
}

/// What can be set and changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// A word for finding it; may be repeated
    #[arg(long = "tag")]
    tags: Vec<String>,
    /// When it stops working: a date with time and zone, or a length such as 90d
    #[arg(long)]
    expires: Option<String>,
    /// A network that token requests may come from, such as 192.0.2.0/24; may be repeated
    #[arg(long)]
    allow_from: Vec<ipnet::IpNet>,
    /// An API whose tokens it may introspect: makes it an API's own credential; may be repeated
    #[arg(long)]
    introspects: Vec<String>,
}

impl Options {
    async fn apply(
        self,
        mut settings: Settings,
        installation: &Installation,
    ) -> anyhow::Result<Settings> {
        if let Some(description) = self.description {
            settings.description = description.parse()?;
        }
        if !self.tags.is_empty() {
            settings.tags = self.tags.iter().map(|tag| tag.parse()).collect::<Result<_, _>>()?;
        }
        if let Some(expires) = self.expires {
            settings.expires_at = Some(when::point(&expires, now())?);
        }
        if !self.allow_from.is_empty() {
            settings.allow_list = self.allow_from;
        }
        if !self.introspects.is_empty() {
            settings.introspects.clear();
            for api in &self.introspects {
                settings.introspects.push(installation.api(api).await?.id);
            }
        }
        Ok(settings)
    }
}

/// The file that a customer gets: what OAuth libraries need, under the names that they and the
/// scripts of this field read.
#[derive(Serialize)]
pub(crate) struct CredentialFile<'a> {
    client_id: &'a ClientId,
    client_secret: &'a str,
    issuer: &'a str,
    token_endpoint: String,
    audience: Option<&'a str>,
    scope: &'a str,
    #[serde(rename = "clientId")]
    client_id_again: &'a ClientId,
    #[serde(rename = "clientSecret")]
    client_secret_again: &'a str,
}

impl<'a> CredentialFile<'a> {
    /// What the customer needs of a credential and this secret of it.
    pub(crate) fn new(
        credential: &'a Credential,
        secret: &'a Secret,
        apis: &'a [Api],
        config: &'a Config,
    ) -> Self {
        let default = credential.settings.grants.first();
        let api = default.and_then(|grant| apis.iter().find(|api| api.id == grant.api_id));
        Self {
            client_id: &credential.client_id,
            client_secret: secret.expose(),
            issuer: &config.server.issuer,
            token_endpoint: config.server.url("/oauth/token"),
            audience: api.map(|api| api.audience.as_str()),
            scope: default.map_or("", |grant| grant.scopes.as_str()),
            client_id_again: &credential.client_id,
            client_secret_again: secret.expose(),
        }
    }

    /// Shows it once, or writes it to a file that only this account can read.
    pub(crate) fn hand_over(&self, out: Option<&Path>, output: Output) -> anyhow::Result<()> {
        let Some(path) = out else {
            output.print(self, || {
                format!(
                    "client_id:      {}\nclient_secret:  {}\n\nThe secret is not shown again. Get \
                     a token with:\n\n  curl -u {}:{} -d grant_type=client_credentials {}",
                    self.client_id,
                    self.client_secret,
                    self.client_id,
                    self.client_secret,
                    self.token_endpoint
                )
            });
            return Ok(());
        };
        let context = || format!("cannot write {}", path.display());
        let mut file = new_file(path)?;
        serde_json::to_writer_pretty(&mut file, self).with_context(context)?;
        writeln!(file).and_then(|()| file.sync_all()).with_context(context)?;
        let value = serde_json::json!({ "client_id": self.client_id, "file": path });
        output.print(&value, || {
            format!("Wrote {} with its secret to {}.", self.client_id, path.display())
        });
        Ok(())
    }
}

fn new_file(path: &Path) -> anyhow::Result<std::fs::File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make the new file {}", path.display()))
}

/// `hallpass credential add`.
pub(super) async fn add(
    args: Args,
    installation: &Installation,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    if let Some(path) = args.out.as_deref().filter(|path| path.exists()) {
        anyhow::bail!("{} exists; nothing was made", path.display());
    }
    let organization = installation.organization(&args.organization).await?;
    let apis = installation.store.apis().await?;
    let grants = grants(&args.apis, installation).await?;
    let settings = Settings::new(args.name.parse()?, grants);
    if let Some(expires) = &args.options.expires {
        when::end(expires, now())?;
    }
    let settings = args.options.apply(settings, installation).await?;
    let note: Note = args.note.parse()?;
    let act = installation.act();
    let (made, _) = credentials::add(&act, &organization.id, settings).await?;
    let credential = made.credential;
    if let Some(secret) = credential.secrets.first() {
        secrets::note(&act, &credential.client_id, &secret.id, note).await?;
    }
    let file = CredentialFile::new(&credential, &made.secret, &apis, config);
    file.hand_over(args.out.as_deref(), output)
}

/// `hallpass credential update`.
pub(super) async fn update(
    args: UpdateArgs,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(&args.credential).await?;
    let mut settings = args.options.apply(own.settings, installation).await?;
    if let Some(name) = args.name {
        settings.name = name.parse()?;
    }
    if !args.apis.is_empty() {
        settings.grants = grants(&args.apis, installation).await?;
    }
    if args.never_expires {
        settings.expires_at = None;
    }
    if args.allow_anywhere {
        settings.allow_list.clear();
    }
    credentials::update(&installation.act(), &own.client_id, settings).await?;
    super::show::show(own.client_id.as_str(), installation, output).await
}

/// `AUDIENCE` or `AUDIENCE=SCOPE,SCOPE`.
async fn grants(texts: &[String], installation: &Installation) -> anyhow::Result<Vec<Grant>> {
    let mut grants = Vec::new();
    for text in texts {
        let (audience, scopes) = match text.rsplit_once('=') {
            Some((audience, scopes)) => (audience, Some(scopes)),
            None => (text.as_str(), None),
        };
        let api = installation.api(audience).await?;
        let scopes = match scopes {
            None => api.scopes.clone(),
            Some(scopes) => scopes.replace(',', " ").parse()?,
        };
        grants.push(Grant { api_id: api.id, scopes });
    }
    Ok(grants)
}
