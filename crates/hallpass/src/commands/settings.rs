//! `hallpass config`: what can be set, and what is.

use clap::Subcommand;

use crate::config::{self, Config};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a commented settings file with every setting and its default
    Example,
    /// Print the settings in force, from file, environment and flags
    Show,
}

pub(super) fn run(command: &Command, config: &Config) -> anyhow::Result<()> {
    match command {
        Command::Example => print!("{}", config::EXAMPLE),
        Command::Show => print!("{}", toml::to_string(&config::effective(config))?),
    }
    Ok(())
}
