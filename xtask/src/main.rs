//! `cargo xtask`: the project's one entry point, for people and for CI alike. It starts other
//! programs and reads files; it must never change a tracked file.

mod bench;
mod browser;
mod chart;
mod check;
mod command;
mod conformance;
mod deb;
mod faults;
mod fuzz;
mod interop;
mod process;
mod scaling;
mod simulate;
mod stage;
mod supply_chain;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use command::Command;
use workspace::Workspace;

fn main() -> ExitCode {
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let outcome = Command::parse(&args).map_err(anyhow::Error::from).and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    if command == Command::Help {
        print!("{}", command::help());
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match command {
        Command::Help => Ok(()),
        Command::Check => stage::run_all(check::STAGES, &workspace),
        Command::Test => stage::run_all(&test::stages(), &workspace),
        Command::Interop(extra) => interop::run(&workspace, &extra),
        Command::Fuzz(extra) => fuzz::run(&workspace, &extra),
        Command::Screenshots(folder) => browser::screenshots(&workspace, folder.as_deref()),
        Command::Scaling(load) => scaling::run(&load),
        Command::Chart => chart::run(&workspace),
        Command::Deb(argument) => deb::run(&workspace, argument.as_deref()),
        Command::Bench(extra) => bench::run(&workspace, &extra),
        Command::FeedConformance(extra) => conformance::run(&workspace, &extra),
        Command::Faults(extra) => faults::run(&workspace, &extra),
        Command::Simulate(extra) => simulate::run(&workspace, &extra),
        Command::SupplyChain => supply_chain::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
    }
}
