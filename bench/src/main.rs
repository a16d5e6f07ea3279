//! `bench`: measures Hallpass and prints one table. Every number stands beside its limit or its
//! reference, taken in the same run on the same machine, since absolute numbers tell more about
//! the machine than about the code. It must never fail because something is slow: a missed target
//! is a row of the table, and only a broken measurement is an error.

mod binary;
mod child;
mod cluster;
mod creations;
mod gateway;
mod issuer;
mod limit;
mod load;
mod machine;
mod memory;
mod node;
mod population;
mod revoke;
mod scale;
mod table;
mod token_endpoint;
mod verifier;
mod writes;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};

use crate::{machine::Machine, table::Row};

/// What the released binary allocates with, so that children of this one behave alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// No subject is begun later than this. Each waits for a bounded time on whatever it waits for.
const BEGIN_UNTIL: Duration = Duration::from_secs(600);

/// Measures Hallpass against its limits and prints a Markdown table.
#[derive(Debug, Parser)]
struct Args {
    /// The `hallpass` binary; without it the rows about the binary are not measured.
    #[arg(long, value_name = "PATH")]
    hallpass: Option<PathBuf>,
    /// Also write the table to this file.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Shorter rounds and smaller numbers, in less than a minute: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Measure only this; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<Subject>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One side of a measurement, started by this program itself.
    #[command(subcommand, hide = true)]
    Child(child::Kind),
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Subject {
    TokenEndpoint,
    Scale,
    Writes,
    Verifier,
    Gateway,
    Revoke,
    Creations,
    Cluster,
    Memory,
    Binary,
}

/// What every measurement is told.
#[derive(Debug)]
struct Plan {
    machine: Machine,
    hallpass: Option<PathBuf>,
    quick: bool,
}

impl Plan {
    /// The one for a quick run, or the one for a full run.
    fn either<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Role::Child(kind)) = args.role {
        return kind.run();
    }
    let plan = Plan { machine: Machine::look()?, hallpass: args.hallpass, quick: args.quick };
    let rows = measure(&plan, &args.only)?;
    let page = table::page(&plan.machine, plan.quick, &rows);
    print!("{page}");
    if let Some(path) = args.out {
        std::fs::write(&path, &page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn measure(plan: &Plan, only: &[Subject]) -> Result<Vec<Row>> {
    let (mut rows, run) = (Vec::new(), Instant::now());
    for subject in Subject::value_variants() {
        if !only.is_empty() && !only.contains(subject) {
            continue;
        }
        let begun = Instant::now();
        if run.elapsed() > BEGIN_UNTIL {
            bail!("there was no time left for {subject:?}: something else uses this machine");
        }
        let measured = match subject {
            Subject::TokenEndpoint => token_endpoint::rows(plan),
            Subject::Scale => scale::rows(plan),
            Subject::Writes => writes::rows(plan),
            Subject::Verifier => verifier::rows(plan),
            Subject::Gateway => gateway::rows(plan),
            Subject::Revoke => revoke::rows(plan),
            Subject::Creations => creations::rows(plan),
            Subject::Cluster => cluster::rows(plan),
            Subject::Memory => memory::rows(plan),
            Subject::Binary => binary::rows(plan),
        };
        rows.extend(measured.with_context(|| format!("measuring {subject:?}"))?);
        eprintln!("{subject:?}: measured in {:.1} s", begun.elapsed().as_secs_f64());
    }
    Ok(rows)
}
