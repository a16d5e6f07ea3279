//! The binary: reads flags, environment and files, wires store, server and commands together,
//! and prints what they say. No rule is made here.

mod commands;
mod config;
mod database;
mod installation;
mod logs;
mod output;
mod sealed_file;
mod supervisor;
mod traces;
mod when;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The API-credential server: your customers make credentials, exchange them for 24-hour tokens
/// at a standard OAuth 2.0 token endpoint, and a revoked credential's tokens die everywhere
/// within a second.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, propagate_version = true)]
struct Cli {
    /// Settings file [default: hallpass.toml, if it exists]
    #[arg(long, global = true, env = "HALLPASS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let matches = config::with_flags(Cli::command()).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(why) => why.exit(),
    };
    let output = output::Output { json: cli.json };
    let result = config::load(cli.config.as_deref(), &matches)
        .and_then(|config| commands::run(cli.command, config, output));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            output.error(&why);
            ExitCode::FAILURE
        }
    }
}

/// The command line as a whole, for shell completions.
fn command_line() -> clap::Command {
    config::with_flags(Cli::command())
}
