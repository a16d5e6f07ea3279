//! Settings from their four sources: defaults, file, environment, flags, the later beating the
//! earlier. The one place that knows names of environment variables.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command};
use hallpass_server::Config as ServerConfig;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::database::{Database, Written};

/// The commented file that `hallpass config example` prints.
pub(crate) const EXAMPLE: &str = include_str!("config.example.toml");

/// Read if it exists and no other is named.
const DEFAULT_FILE: &str = "hallpass.toml";

/// What the names of all variables begin with.
const VARIABLES: &str = "HALLPASS_";

/// Variables of ours that are no settings.
const OTHER_VARIABLES: [&str; 2] = ["HALLPASS_CONFIG", "HALLPASS_MASTER_KEY"];

/// From this similarity on, a name was meant to be another.
const NEARLY_RIGHT: f64 = 0.9;

/// How log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// What the binary itself can be told.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LocalConfig {
    pub(crate) data_dir: PathBuf,
    pub(crate) database: Option<Written>,
    pub(crate) database_password_file: Option<PathBuf>,
    pub(crate) database_root_cert: Option<PathBuf>,
    pub(crate) database_connections_at_most: usize,
    pub(crate) database_statement_timeout_s: u64,
    pub(crate) database_connect_timeout_s: u64,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
    pub(crate) traces_endpoint: Option<String>,
    pub(crate) traces_sample_ratio: f64,
}

impl Default for LocalConfig {
    fn default() -> Self {
        Self {
            data_dir: "hallpass-data".into(),
            database: None,
            database_password_file: None,
            database_root_cert: None,
            database_connections_at_most: 10,
            database_statement_timeout_s: 10,
            database_connect_timeout_s: 5,
            master_key_file: None,
            log_format: LogFormat::Pretty,
            log_level: "info".to_owned(),
            traces_endpoint: None,
            traces_sample_ratio: 1.0,
        }
    }
}

/// All settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) local: LocalConfig,
    pub(crate) server: ServerConfig,
}

impl Config {
    /// Where the state is kept.
    pub(crate) fn database(&self) -> anyhow::Result<Database> {
        Database::of(&self.local)
    }
}

impl LocalConfig {
    fn validate(&self) -> anyhow::Result<()> {
        Database::of(self)?;
        for (name, (least, most), got) in [
            ("database_connections_at_most", (3, 1000), self.database_connections_at_most as u64),
            ("database_statement_timeout_s", (1, 600), self.database_statement_timeout_s),
            ("database_connect_timeout_s", (1, 60), self.database_connect_timeout_s),
        ] {
            if !(least..=most).contains(&got) {
                bail!("{name} must be between {least} and {most}; got {got}");
            }
        }
        let (endpoint, ratio) = (self.traces_endpoint.as_deref(), self.traces_sample_ratio);
        if !(0.0..=1.0).contains(&ratio) {
            bail!("traces_sample_ratio must be between 0 and 1; got {ratio}");
        }
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if endpoint.is_some_and(|url| !is_url(url)) {
            bail!(
                "traces_endpoint must be a URL, such as http://127.0.0.1:4318/v1/traces, where a \
                 collector takes OTLP over HTTP"
            );
        }
        Ok(())
    }
}

/// Settings whose default is absent, which serde therefore does not list.
const WITHOUT_DEFAULT: [&str; 11] = [
    "database",
    "database_password_file",
    "database_root_cert",
    "tls_cert",
    "tls_key",
    "master_key_file",
    "smtp_url",
    "mail_from",
    "smtp_user",
    "smtp_password_file",
    "traces_endpoint",
];

const LOCAL: [&str; 12] = [
    "data_dir",
    "database",
    "database_password_file",
    "database_root_cert",
    "database_connections_at_most",
    "database_statement_timeout_s",
    "database_connect_timeout_s",
    "master_key_file",
    "log_format",
    "log_level",
    "traces_endpoint",
    "traces_sample_ratio",
];

/// Every setting with its default.
fn defaults() -> Table {
    let mut all = table_of(&ServerConfig::default());
    all.extend(table_of(&LocalConfig::default()));
    all
}

fn table_of(config: &impl Serialize) -> Table {
    // Both structs are plain; a test reads every key of them.
    Table::try_from(config).unwrap_or_default()
}

/// The name of every setting.
fn names() -> Vec<String> {
    let mut names: Vec<String> = defaults().keys().cloned().collect();
    names.extend(WITHOUT_DEFAULT.iter().map(ToString::to_string));
    names.sort();
    names
}

/// Adds a flag and an environment variable for every setting.
pub(crate) fn with_flags(command: Command) -> Command {
    names().into_iter().fold(command, |command, name| {
        // `hallpass --help` would drown in them: `hallpass config example` explains each.
        let flag = Arg::new(name.clone())
            .long(name.replace('_', "-"))
            .env(format!("{VARIABLES}{}", name.to_uppercase()))
            .value_name("VALUE")
            .global(true)
            .help_heading("Settings")
            .hide(!["data_dir", "database", "issuer", "listen"].contains(&name.as_str()))
            .hide_env_values(true)
            .help(format!("Setting `{name}`; see `hallpass config example`"));
        command.arg(flag)
    })
}

/// Puts the settings together. `file` is the one named by the user, if any.
pub(crate) fn load(file: Option<&Path>, flags: &ArgMatches) -> anyhow::Result<Config> {
    let mut table = match file {
        Some(path) => read_file(path)?,
        None if Path::new(DEFAULT_FILE).exists() => read_file(Path::new(DEFAULT_FILE))?,
        None => Table::new(),
    };
    for name in names() {
        if let Some(text) = flags.get_one::<String>(&name) {
            table.insert(name.clone(), value_of(&name, text));
        }
    }
    from_table(table)
}

fn read_file(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings in {}", path.display()))?;
    let table: Table =
        text.parse().with_context(|| format!("{} is not valid TOML", path.display()))?;
    for name in table.keys() {
        refuse_unknown(name).with_context(|| format!("in {}", path.display()))?;
    }
    Ok(table)
}

fn refuse_unknown(name: &str) -> anyhow::Result<()> {
    if names().iter().any(|known| known == name) {
        return Ok(());
    }
    let (nearest, _) = nearest(&name.to_lowercase());
    bail!(
        "there is no setting `{name}`; the nearest name is `{nearest}` \
         (`hallpass config example` lists all)"
    )
}

/// The setting with the most similar name, and how similar it is, up to 1.
fn nearest(name: &str) -> (String, f64) {
    let scored = names().into_iter().map(|known| {
        let similarity = strsim::jaro_winkler(name, &known);
        (known, similarity)
    });
    scored.max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or_default()
}

/// What variables of the environment look like settings and are none, with what they may mean.
/// Only what is nearly right is named: container systems set `HALLPASS_PORT` and the like.
pub(crate) fn misspelt_variables() -> Vec<String> {
    let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut misspelt = Vec::new();
    for variable in ours {
        let Some(name) = variable.strip_prefix(VARIABLES) else { continue };
        let name = name.to_lowercase();
        let (nearest, similarity) = nearest(&name);
        if similarity > NEARLY_RIGHT && similarity < 1.0 && !OTHER_VARIABLES.contains(&&*variable) {
            let meant = nearest.to_uppercase();
            misspelt.push(format!("{variable} is not a setting; did you mean {VARIABLES}{meant}?"));
        }
    }
    misspelt
}

/// The text of a flag or variable as the type that the setting has.
fn value_of(name: &str, text: &str) -> Value {
    match defaults().get(name) {
        Some(Value::Integer(_)) => {
            text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer)
        }
        Some(Value::Float(_)) => {
            text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Float)
        }
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    }
}

fn from_table(mut table: Table) -> anyhow::Result<Config> {
    let local = LOCAL.iter().filter_map(|name| table.remove_entry(*name)).collect::<Table>();
    let config = Config {
        local: local.try_into().context("a setting has the wrong form")?,
        server: table.try_into().context("a setting has the wrong form")?,
    };
    config.local.validate()?;
    config.server.validate()?;
    Ok(config)
}

/// The settings in force, as a file would give them.
pub(crate) fn effective(config: &Config) -> Table {
    let mut all = table_of(&config.server);
    all.extend(table_of(&config.local));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_args(args: &[&str]) -> ArgMatches {
        with_flags(Command::new("hallpass")).try_get_matches_from(args).unwrap()
    }

    #[test]
    fn the_example_names_every_setting_with_its_default() {
        let example: Table = EXAMPLE.parse().unwrap();
        assert_eq!(example, defaults());
        for name in WITHOUT_DEFAULT {
            assert!(EXAMPLE.contains(&format!("\n# {name} = ")), "{name}");
        }
    }

    #[test]
    fn flags_beat_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hallpass.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\nbody_timeout_s = 2\n").unwrap();
        let flags = with_args(&[
            "hallpass",
            "--listen",
            "127.0.0.1:3",
            "--trusted-proxies",
            "10.0.0.0/8, ::1/128",
            "--connections-at-most",
            "7",
        ]);
        let config = load(Some(&path), &flags).unwrap();
        assert_eq!(config.server.listen.port(), 3);
        assert_eq!(config.server.body_timeout_s, 2);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.server.connections_at_most, 7);
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hallpass.toml");
        for (text, says) in [
            ("lisen = \"127.0.0.1:1\"", "the nearest name is `listen`"),
            ("[server]\nlisten = 1", "there is no setting `server`"),
            ("listen = ", "not valid TOML"),
            ("listen = 5", "wrong form"),
            ("max_staleness_s = 1", "max_staleness_s must be between 5 and 21600"),
            ("issuer = \"http://auth.example.com\"", "https"),
            ("tls_cert = \"a\"", "belong together"),
            ("database_connections_at_most = 2", "must be between 3 and 1000"),
            ("traces_endpoint = \"127.0.0.1:4318\"", "traces_endpoint must be a URL"),
            ("traces_sample_ratio = 1.5", "must be between 0 and 1"),
            ("database = \"postgres://a/b?sslmode=allow\"", "sslmode must be verify-full"),
        ] {
            std::fs::write(&path, text).unwrap();
            let why = load(Some(&path), &with_args(&["hallpass"])).unwrap_err();
            assert!(format!("{why:#}").contains(says), "{text}: {why:#}");
        }
        let missing = load(Some(&dir.path().join("none")), &with_args(&["hallpass"]));
        assert!(missing.unwrap_err().to_string().contains("cannot read the settings"));
    }
}
