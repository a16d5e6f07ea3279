//! `hallpass import`: credentials that another server has made, with the secrets that their holders
//! have. It never prints a secret or a digest.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, stdin},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use hallpass_core::{
    ApiId, Scopes,
    import::{Mapping, Source},
};
use hallpass_server::management::import::{
    self, Report, Wanted,
    elements::{self, Broken, Element},
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    config::Config,
    installation::{Installation, is_open_to_others},
    output::{Output, table},
};

/// Clients that are read ahead.
const READ_AHEAD: usize = 128;

/// Skipped clients that are printed for people.
const SHOWN_AT_MOST: usize = 50;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Clients of Ory Hydra: its table hydra_client as JSON, or its list of clients
    Hydra(Args),
    /// Clients of a Keycloak realm: its export, or a list of its clients
    Keycloak(Args),
    /// A JSON object a line: see `docs/reference/import.md`
    Jsonl(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to read; `-` for standard input
    file: PathBuf,
    /// Whose they will be: id or name
    #[arg(long, visible_alias = "org")]
    organization: String,
    /// The API of clients whose audience the file does not name: id, audience or name
    #[arg(long)]
    api: Option<String>,
    /// An audience of the file, and the API that it is here; may be repeated
    #[arg(long = "audience-map", value_name = "OLD=API")]
    audience_map: Vec<String>,
    /// A scope of the file, and what it is called here (nothing: left out); may be repeated
    #[arg(long = "scope-map", value_name = "OLD=NEW")]
    scope_map: Vec<String>,
    /// The scopes of clients whose scopes the file does not name, parted by commas
    #[arg(long, value_name = "SCOPE,SCOPE")]
    scopes: Option<String>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let (source, args) = match command {
        Command::Hydra(args) => (Source::Hydra, args),
        Command::Keycloak(args) => (Source::Keycloak, args),
        Command::Jsonl(args) => (Source::Jsonl, args),
    };
    let installation = Installation::open(config).await?;
    let organization = installation.organization(&args.organization).await?;
    let mapping = mapping(&args, &installation).await?;
    let input = open(&args.file)?;
    let (out, found) = mpsc::channel(READ_AHEAD);
    let reading = tokio::task::spawn_blocking(move || read(source, input, &out));
    let dry_run = args.dry_run;
    let wanted = Wanted { source, organization: &organization, mapping: &mapping, dry_run };
    let report = import::run(&installation.act(), &wanted, found).await?;
    let broken = reading.await.context("reading the file was cut off")?.err();
    let stopped = broken.as_ref().map(ToString::to_string);
    let value = json!({ "dry_run": dry_run, "report": report, "stopped": stopped });
    output.print(&value, || in_words(&report, dry_run));
    match broken {
        Some(broken) => Err(broken).with_context(|| args.file.display().to_string()),
        None => Ok(()),
    }
}

fn read(
    source: Source,
    input: Box<dyn BufRead + Send>,
    out: &mpsc::Sender<Element>,
) -> Result<(), Broken> {
    elements::each(source, input, &mut |element| out.blocking_send(element).is_ok())
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    if is_open_to_others(path) {
        eprintln!(
            "hallpass: warning: {} can be read by other accounts, and holds what lets in; run: \
             chmod 600 {0}",
            path.display()
        );
    }
    Ok(Box::new(BufReader::new(file)))
}

async fn mapping(args: &Args, installation: &Installation) -> anyhow::Result<Mapping> {
    let mut mapping = Mapping { apis: installation.store.apis().await?, ..Mapping::default() };
    if let Some(called) = &args.api {
        mapping.default_api = Some(given(called, installation).await?);
    }
    for pair in &args.audience_map {
        let (old, called) = two(pair, "audience-map")?;
        mapping.audiences.insert(old.to_owned(), given(called, installation).await?);
    }
    let known = |scope: &str| mapping.apis.iter().any(|api| api.scopes.contains(scope));
    let mut scopes = BTreeMap::new();
    for pair in &args.scope_map {
        let (old, new) = two(pair, "scope-map")?;
        if !new.is_empty() && !known(new) {
            bail!("no API here has the scope {new:?}; see `hallpass api list`");
        }
        scopes.insert(old.to_owned(), (!new.is_empty()).then(|| new.to_owned()));
    }
    let default_scopes: Scopes =
        args.scopes.as_deref().unwrap_or_default().replace(',', " ").parse()?;
    if let Some(unknown) = default_scopes.iter().find(|scope| !known(scope)) {
        bail!("no API here has the scope {unknown:?}; see `hallpass api list`");
    }
    Ok(Mapping { scopes, default_scopes, ..mapping })
}

/// An API that may be given to what is imported: never power over Hallpass itself.
async fn given(called: &str, installation: &Installation) -> anyhow::Result<ApiId> {
    let api = installation.api(called).await?;
    if api.id.is_management() {
        bail!("{called} is Hallpass's own API: add a credential for it, rather than import one");
    }
    Ok(api.id)
}

/// The two sides of the last `=`: audiences may hold one.
fn two<'a>(pair: &'a str, option: &str) -> anyhow::Result<(&'a str, &'a str)> {
    let parts = pair.rsplit_once('=').filter(|(old, _)| !old.is_empty());
    parts.with_context(|| format!("--{option} {pair:?}: write OLD=NEW"))
}

fn in_words(report: &Report, dry_run: bool) -> String {
    let (would, skip) =
        if dry_run { ("would be imported", "would be skipped") } else { ("imported", "skipped") };
    let mut text = format!(
        "{} clients read: {} {would}, {} {skip}.",
        report.read,
        report.imported,
        report.skipped_in_all()
    );
    if report.short_secrets > 0 {
        text += &format!(
            "\n{} of the secrets have fewer than 20 characters and might be guessed: rotate them.",
            report.short_secrets
        );
    }
    if report.skipped_clients.is_empty() {
        return text;
    }
    let counts: Vec<Vec<String>> = report
        .skipped
        .iter()
        .map(|(reason, count)| vec![(*reason).to_owned(), count.to_string()])
        .collect();
    let shown = report.skipped_clients.iter().take(SHOWN_AT_MOST);
    let rows: Vec<Vec<String>> = shown
        .map(|one| {
            let id = one.client_id.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
            vec![one.line.to_string(), id, one.says.clone()]
        })
        .collect();
    text += &format!(
        "\n\n{}\n\n{}",
        table(&["reason", "clients"], &counts),
        table(&["line", "client id", "why"], &rows)
    );
    if report.skipped_in_all() > rows.len() as u64 {
        text += "\n… (--json lists up to 1000)";
    }
    text
}
