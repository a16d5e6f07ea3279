//! `hallpass demo`: everything on one machine. A real server on a real database, an API that our
//! verifier library protects, a credential, and lines to paste.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use hallpass_core::{
    Api, ApiId, ClientId, Credential, Mutation, Organization, OrganizationId, SecretId,
    credential::{Grant, NewSecret, Settings},
    secret::Secret,
};
use hallpass_server::entropy;
use hallpass_store::Store;
use hallpass_verifier::Verifier;

use super::serve::{self, Running};
use crate::{
    config::Config,
    installation::{Installation, now},
    logs,
};

const ORGANIZATION: &str = "Example Library";
const API: &str = "Books API";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the Books API listens
    #[arg(long, default_value = "127.0.0.1:8430")]
    books_listen: SocketAddr,
}

pub(super) async fn run(args: Args, mut config: Config) -> anyhow::Result<()> {
    let defaults = Config::default();
    if config.local.data_dir == defaults.local.data_dir {
        config.local.data_dir = PathBuf::from("hallpass-demo");
    }
    if config.local.log_level == defaults.local.log_level {
        config.local.log_level = "warn".to_owned();
    }
    logs::start(&config.local)?;
    let books = tokio::net::TcpListener::bind(args.books_listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.books_listen))?;
    let books_url = format!("http://{}", books.local_addr()?);
    let running = Running::start(&config).await?;
    let (client_id, secret) = seed(&running.installation, &books_url).await?;
    running.app.live.catch_up().await?;

    let verifier = Verifier::builder(&config.server.issuer, &books_url).start().await?;
    let ready = tokio::time::timeout(Duration::from_secs(10), verifier.wait_ready());
    ready.await.context("the Books API did not reach the server")?;
    let router = books::router(&verifier);
    let closing = running.app.closing.clone();
    let api = tokio::spawn(async move {
        axum::serve(books, router).with_graceful_shutdown(closing.cancelled_owned()).await
    });
    println!("{}", guide(&config, &client_id, &secret, &books_url));
    serve::until_told().await?;
    running.stop().await?;
    api.await?.context("the Books API ended badly")
}

/// Makes what the demo needs; what an earlier run made is used again, but for the credential:
/// its secret could not be shown a second time.
async fn seed(installation: &Installation, books_url: &str) -> anyhow::Result<(ClientId, Secret)> {
    let organizations = installation.store.organizations().await?;
    let organization = match organizations.into_iter().find(|o| o.name.as_str() == ORGANIZATION) {
        Some(organization) => organization,
        None => {
            let id = OrganizationId::from_entropy(entropy::bytes());
            let organization = Organization::new(id, ORGANIZATION.parse()?, now());
            installation.commit(&Mutation::AddOrganization(organization.clone())).await?;
            organization
        }
    };
    let apis = installation.store.apis().await?;
    let api = match apis.into_iter().find(|api| api.audience.comparable() == books_url) {
        Some(api) => api,
        None => {
            let id = ApiId::from_entropy(entropy::bytes());
            let mut api = Api::new(id, API.parse()?, books_url.parse()?, now());
            api.scopes = "books:read books:write".parse()?;
            installation.commit(&Mutation::AddApi(api.clone())).await?;
            api
        }
    };
    let secret = Secret::from_entropy(entropy::bytes());
    let id = SecretId::from_entropy(entropy::bytes());
    let new = NewSecret::new(id, &secret, &installation.vault.pepper);
    let grant = Grant { api_id: api.id, scopes: api.scopes };
    let settings = Settings::new("Nightly reports".parse()?, vec![grant]);
    let client_id = ClientId::from_entropy(entropy::bytes());
    let made = (now(), "demo");
    let credential = Credential::pending(client_id.clone(), organization.id, settings, &new, made)
        .activate(now())?;
    installation.commit(&Mutation::AddCredential(Box::new(credential))).await?;
    Ok((client_id, secret))
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+,@".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

fn guide(config: &Config, client_id: &ClientId, secret: &Secret, books_url: &str) -> String {
    let hallpass = std::env::current_exe().map_or("hallpass".to_owned(), |path| {
        let here = std::env::current_dir().unwrap_or_default();
        quoted(&path.strip_prefix(here).unwrap_or(&path).display().to_string())
    });
    format!(
        r#"
Hallpass is running: server at {issuer}, Books API at {books_url}.
A credential was made for you. Its secret is shown only here:

    client_id      {client_id}
    client_secret  {secret}

Paste this into another terminal, in this directory:

 1. Get a token. It lives 24 hours.

    TOKEN=$(curl -s -u {client_id}:{secret} \
      -d grant_type=client_credentials {issuer}/oauth/token \
      | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

 2. Call the API with it.

    curl -i --oauth2-bearer "$TOKEN" '{books_url}/v1/books?limit=2'

 3. Revoke the credential, and call again: 401 within a second.

    {hallpass} credential revoke {client_id} --data-dir {data_dir} && sleep 1
    curl -i --oauth2-bearer "$TOKEN" '{books_url}/v1/books?limit=2'

Look around: {hallpass} credential list --data-dir {data_dir}
             curl {issuer}/.well-known/oauth-authorization-server
             curl {issuer}/revocations
             curl http://{metrics}/metrics

Ctrl-C ends everything. The data stays in {data_dir}; delete it to start over."#,
        issuer = config.server.issuer.trim_end_matches('/'),
        secret = secret.expose(),
        data_dir = quoted(&config.local.data_dir.display().to_string()),
        metrics = config.server.metrics_listen,
    )
}
