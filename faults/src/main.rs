//! `faults`: the real binary and a real PostgreSQL under load, while processes are killed, stopped
//! and cut off; then a reckoning. `cargo xtask faults` builds both and starts it. It ends only
//! processes that it has started, and calls nobody beyond this machine.

mod balancer;
mod dice;
mod ledger;
mod load;
mod node;
mod plan;
mod reckoning;
mod record;
mod scenario;
mod site;
mod slope;
mod watch;
mod world;
mod writer;

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    dice::Dice,
    plan::{Name, Options, Plan},
};

/// With `--small`, how often something is killed.
const FEW_ROUNDS: u64 = 4;

/// With `--small`, how long it is soaked.
const FEW_MINUTES: f64 = 0.2;

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.context("no runtime").and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                outcome = run(&options) => outcome,
                // With the runtime ends whatever was started.
                told = told_to_end() => told.and_then(|()| bail!("told to end")),
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("faults: {why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn told_to_end() -> Result<()> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn run(options: &Options) -> Result<()> {
    // Not a secret, so the hasher's own keys are random enough.
    let seed = options.seed.unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000);
    let folder = tempfile::Builder::new().prefix("faults-").tempdir()?.keep();
    let hallpass = fs::canonicalize(&options.hallpass)
        .with_context(|| format!("there is no binary at {}", options.hallpass.display()))?;
    let (rounds, minutes) = match options.small {
        true => (FEW_ROUNDS, FEW_MINUTES),
        false => (options.rounds, options.minutes),
    };
    let plan = Plan { hallpass, folder: folder.clone(), rounds, minutes, small: options.small };
    let names = if options.scenarios.is_empty() { &Name::ALL[..] } else { &options.scenarios };
    for name in names {
        println!("{}: seed {seed}", name.word());
        let begun = Instant::now();
        let (plan, dice) = (plan.clone(), Dice::new(seed));
        let task = tokio::spawn(scenario::run(*name, plan, dice));
        let lines = task.await.unwrap_or_else(|_| Err(anyhow!("it panicked, as said above")));
        let lines = lines.with_context(|| {
            let (name, folder) = (name.word(), folder.display());
            format!("{name} --seed {seed} broke; the logs are in {folder}")
        })?;
        for line in lines {
            println!("  {line}");
        }
        println!("{} passed in {:.0} s", name.word(), begun.elapsed().as_secs_f64());
    }
    if options.keep {
        println!("the logs are in {}", folder.display());
    } else {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}
