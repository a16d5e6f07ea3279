//! The command line, one module per subject. Management commands work beside a running server:
//! each is one more writer, whose changes every node sees within a second.

mod api;
mod audit;
mod backup;
mod copy;
mod credential;
mod demo;
mod doctor;
mod feed;
mod find;
mod gateway;
mod import;
mod init;
mod key;
mod leak;
mod member;
mod migrate;
mod node;
mod operator;
mod organization;
mod person;
mod restore;
mod secret;
mod serve;
mod settings;
mod sign_on;
mod token;
mod webhook;

use clap::Subcommand;
use clap_complete::Shell;

use crate::{config::Config, output::Output};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve,
    /// Try everything out on this machine: server, example API, credential, curl lines
    Demo(demo::Args),
    /// Check tokens for a reverse proxy, or be one, in front of APIs that know nothing of tokens
    Gateway(gateway::Args),
    /// Make the database and the master key
    Init,
    /// Customers: the organizations that own credentials
    #[command(subcommand, visible_alias = "org")]
    Organization(organization::Command),
    /// Who belongs to an organization, and as what
    #[command(subcommand)]
    Member(member::Command),
    /// Where an organization's people sign in, if not here
    #[command(subcommand)]
    SignOn(sign_on::Command),
    /// People with power over the installation
    #[command(subcommand)]
    Operator(operator::Command),
    /// Whoever signs in: members and operators
    #[command(subcommand)]
    Person(person::Command),
    /// Where organizations hear of their credentials
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// The APIs that tokens are for
    #[command(subcommand)]
    Api(api::Command),
    /// Credentials: add, look at, pause, revoke
    #[command(subcommand)]
    Credential(credential::Command),
    /// Single secrets of a credential
    #[command(subcommand)]
    Secret(secret::Command),
    /// Credentials that another server has made, with the secrets that are in use
    #[command(subcommand)]
    Import(import::Command),
    /// Secrets that somebody has found
    #[command(subcommand)]
    Leak(leak::Command),
    /// Signing keys and the master key
    #[command(subcommand)]
    Key(key::Command),
    /// Look into a token
    #[command(subcommand)]
    Token(token::Command),
    /// The revocation feed
    #[command(subcommand)]
    Feed(feed::Command),
    /// The audit log: who did what, when
    #[command(subcommand)]
    Audit(audit::Command),
    /// The running servers
    #[command(subcommand)]
    Node(node::Command),
    /// Put the whole installation into one file, beside a running server
    Backup(backup::Args),
    /// Make a database of a backup
    Restore(restore::Args),
    /// Move to another database: from SQLite to PostgreSQL, or wherever else
    Copy(copy::Args),
    /// Bring the database's schema up to date, or say what that would do
    Migrate(migrate::Args),
    /// Look for the usual misconfigurations
    Doctor,
    /// Settings
    #[command(subcommand)]
    Config(settings::Command),
    /// Print the OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs one command to its end.
pub(crate) fn run(command: Command, config: Config, output: Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Demo(args) => demo::run(args, config).await,
            Command::Gateway(args) => gateway::run(args, config, output).await,
            Command::Init => init::run(&config, output).await,
            Command::Organization(command) => organization::run(command, &config, output).await,
            Command::Member(command) => member::run(command, &config, output).await,
            Command::SignOn(command) => sign_on::run(command, &config, output).await,
            Command::Operator(command) => operator::run(command, &config, output).await,
            Command::Person(command) => person::run(command, &config, output).await,
            Command::Webhook(command) => webhook::run(command, &config, output).await,
            Command::Api(command) => api::run(command, &config, output).await,
            Command::Credential(command) => credential::run(command, &config, output).await,
            Command::Secret(command) => secret::run(command, &config, output).await,
            Command::Import(command) => import::run(command, &config, output).await,
            Command::Leak(command) => leak::run(command, &config, output).await,
            Command::Key(command) => key::run(command, &config, output).await,
            Command::Token(command) => token::run(command, &config, output).await,
            Command::Feed(command) => feed::run(command, &config, output).await,
            Command::Audit(command) => audit::run(command, &config, output).await,
            Command::Node(command) => node::run(command, &config, output).await,
            Command::Backup(args) => backup::run(args, &config, output).await,
            Command::Restore(args) => restore::run(args, &config, output).await,
            Command::Copy(args) => copy::run(args, &config, output).await,
            Command::Migrate(args) => migrate::run(&args, &config, output).await,
            Command::Doctor => doctor::run(&config, output).await,
            Command::Config(command) => settings::run(&command, &config, output),
            Command::Openapi => {
                let document = hallpass_server::openapi(&config.server);
                let text = || serde_json::to_string_pretty(&document).unwrap_or_default();
                output.print(&document, text);
                Ok(())
            }
            Command::Completions { shell } => {
                let mut line = crate::command_line();
                clap_complete::generate(shell, &mut line, "hallpass", &mut std::io::stdout());
                Ok(())
            }
        }
    })
}
