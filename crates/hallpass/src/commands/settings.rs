//! `hallpass config`: what can be set, and what is.

use clap::Subcommand;

use crate::{
    config::{self, Config},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a commented settings file with every setting and its default
    Example,
    /// Print the settings in force, from file, environment and flags
    Show,
}

pub(super) fn run(command: &Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let (values, text) = match command {
        Command::Example => (config::effective(&Config::default()), config::EXAMPLE.to_owned()),
        Command::Show => {
            let values = config::effective(config);
            let text = toml::to_string(&values)?;
            (values, text)
        }
    };
    output.print(&values, || text);
    Ok(())
}
