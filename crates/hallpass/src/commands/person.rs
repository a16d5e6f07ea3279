//! `hallpass person`: whoever signs in, member or operator.

use clap::Subcommand;
use hallpass_core::Email;
use hallpass_server::management::people;

use super::operator;
use crate::{config::Config, installation::Installation, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a link that lets a person in once who has lost every other way
    Link {
        /// Their e-mail address
        email: Email,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let Command::Link { email } = command;
    let made = people::link(&installation.act(), &email).await?;
    operator::print(&made, config, output);
    Ok(())
}
