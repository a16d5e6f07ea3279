//! What is asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Kills real processes under load, and looks at what is left.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// Which; all unless said
    pub(crate) scenarios: Vec<Name>,
    /// The binary under test
    #[arg(long)]
    pub(crate) hallpass: PathBuf,
    /// Decides which faults are made, and when; thrown unless said
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Of `kill`: how often something is killed, with SQLite and with PostgreSQL
    #[arg(long, default_value_t = 100)]
    pub(crate) rounds: u64,
    /// Of `soak`: for how long
    #[arg(long, default_value_t = 20.0)]
    pub(crate) minutes: f64,
    /// A little of everything, as the whole test does
    #[arg(long)]
    pub(crate) small: bool,
    /// Keep the logs also when nothing broke
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Name {
    /// `kill -9` of nodes and of the database
    Kill,
    /// The primary database is killed, and its standby takes over
    Failover,
    /// Nodes are restarted one by one
    Rolling,
    /// Signing keys and the master key change
    Rotation,
    /// All of it, for long
    Soak,
}

impl Name {
    pub(crate) const ALL: [Self; 5] =
        [Self::Kill, Self::Failover, Self::Rolling, Self::Rotation, Self::Soak];

    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Failover => "failover",
            Self::Rolling => "rolling",
            Self::Rotation => "rotation",
            Self::Soak => "soak",
        }
    }
}

/// How a scenario is to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) hallpass: PathBuf,
    /// For the logs.
    pub(crate) folder: PathBuf,
    pub(crate) rounds: u64,
    pub(crate) minutes: f64,
    pub(crate) small: bool,
}
