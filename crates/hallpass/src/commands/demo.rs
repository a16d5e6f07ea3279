//! `hallpass demo`: everything on one machine. A real server on a real database, an API that our
//! verifier library protects, a credential, and lines to paste.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use hallpass_core::{
    Api, ApiId, ClientId, Email, Mutation, Organization, OrganizationId, Person, PersonId,
    credential::{Grant, Settings},
    opaque::Opaque,
    organization::OrganizationStep,
    permission::Role,
    secret::Secret,
};
use hallpass_server::{
    entropy,
    management::{credentials, people},
};
use hallpass_store::PersonBy;
use hallpass_verifier::Verifier;

use super::{
    operator,
    serve::{self, Running},
};
use crate::{
    config::Config,
    installation::{Installation, now},
    logs,
};

const ORGANIZATION: &str = "Example Library";
const API: &str = "Books API";

/// Owns the demo's organization.
const OWNER: &str = "demo@example.com";

/// What the guide shows.
struct Made {
    organization: Organization,
    client_id: ClientId,
    secret: Secret,
}

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
    // What it makes is of no use among a provider's own credentials.
    config.local.database = None;
    if config.local.log_level == defaults.local.log_level {
        config.local.log_level = "warn".to_owned();
    }
    let traces = logs::start(&config.local)?;
    let books = tokio::net::TcpListener::bind(args.books_listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.books_listen))?;
    let books_url = format!("http://{}", books.local_addr()?);
    let running = Running::start(&config).await?;
    let made = seed(&running.installation, &books_url).await?;
    let dashboard = dashboard(&running, &made.organization, &config).await?;
    running.app.live.catch_up().await?;

    let verifier = Verifier::builder(&config.server.issuer, &books_url);
    let verifier = verifier.publish_metadata(books::SCOPES).start().await?;
    let ready = tokio::time::timeout(Duration::from_secs(10), verifier.wait_ready());
    ready.await.context("the Books API did not reach the server")?;
    let router = books::router(&verifier);
    let closing = running.app.closing.clone();
    let api = tokio::spawn(async move {
        axum::serve(books, router).with_graceful_shutdown(closing.cancelled_owned()).await
    });
    let mut end = serve::End::listen()?;
    println!("{}{dashboard}", guide(&config, &made.client_id, &made.secret, &books_url));
    println!(
        "Ctrl-C ends everything. The data stays in {}; delete it to start over.",
        config.local.data_dir.display()
    );
    end.comes().await;
    running.stop().await?;
    traces.end().await;
    api.await?.context("the Books API ended badly")
}

/// Makes what the demo needs; what an earlier run made is used again, but for the credential:
/// its secret could not be shown a second time.
async fn seed(installation: &Installation, books_url: &str) -> anyhow::Result<Made> {
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
    let grant = Grant { api_id: api.id, scopes: api.scopes };
    let settings = Settings::new("Nightly reports".parse()?, vec![grant]);
    let act = installation.act();
    let (made, _) = credentials::add(&act, &organization.id, settings).await?;
    let (client_id, secret) = (made.credential.client_id, made.secret);
    Ok(Made { organization, client_id, secret })
}

/// How to get into the dashboard. A link of its own signs a newcomer in without a password; so
/// it is there only while nobody else can reach the server.
async fn dashboard(
    running: &Running,
    organization: &Organization,
    config: &Config,
) -> anyhow::Result<String> {
    let installation = &running.installation;
    let mut text = String::new();
    if running.address.ip().is_loopback() {
        let link = let_owner_in(installation, organization).await?;
        text += &format!(
            "\nDashboard: open this link, and press \"Sign in\". It works once; each start prints a \
             new one.\n\n    {}\n",
            operator::url(config, link.expose())
        );
    }
    if let Some(link) = serve::set_up_link(installation, config).await? {
        text += &format!(
            "\nAPIs, signing keys and nodes are an operator's. Become the first one here:\n\n    \
             {link}\n"
        );
    }
    Ok(text)
}

/// Makes sure that the demo's organization has an owner, and gives them a link.
async fn let_owner_in(
    installation: &Installation,
    organization: &Organization,
) -> anyhow::Result<Opaque> {
    let email: Email = OWNER.parse()?;
    let known = installation.store.find_person(&PersonBy::FoldedEmail(email.folded())).await?;
    let person = match known {
        Some(person) => person,
        None => {
            let id = PersonId::from_entropy(entropy::bytes());
            let person = Person::new(id, email.clone(), "Demo".parse()?, now());
            installation.commit(&Mutation::AddPerson(Box::new(person.clone()))).await?;
            person
        }
    };
    if organization.member(&person.id).is_none() {
        let step = OrganizationStep::AddMember(person.id, Role::Owner);
        let id = organization.id.clone();
        installation.commit(&Mutation::ChangeOrganization(id, step)).await?;
    }
    let made = people::link(&installation.act(), &email).await?;
    made.link.context("no link was made")
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
"#,
        issuer = config.server.issuer.trim_end_matches('/'),
        secret = secret.expose(),
        data_dir = quoted(&config.local.data_dir.display().to_string()),
        metrics = config.server.metrics_listen,
    )
}
