//! A deterministic simulation of nodes, store and verifiers. The code is the real one: mutations
//! and the token decision of core, the store's ledger, the server's live directory and feed, the
//! whole verifier. The world around it is not: a seed decides how long everything takes, what is
//! lost, what breaks and what people do, and an oracle looks on. The same seed gives the same run.

#![expect(clippy::expect_used, reason = "a world that cannot be made is a failed test")]

mod absent;
mod checker;
mod clock;
mod database;
mod fate;
mod fault;
mod line;
mod network;
mod node;
mod oracle;
mod rng;
mod setup;
mod store;
mod trace;
mod world;
mod writes;

pub use self::fault::Fault;
use self::world::World;

/// What came of a seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which.
    pub seed: u64,
    /// The rule that was broken, if any was.
    pub broken: Option<String>,
    /// What happened, line by line.
    pub trace: Vec<String>,
    /// Equal for equal traces.
    pub hash: u64,
}

impl std::fmt::Display for Run {
    /// For the reader of a failure: what was broken, and what came before it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = self.trace.len().saturating_sub(60);
        for line in &self.trace[last..] {
            writeln!(f, "{line}")?;
        }
        let broken = self.broken.as_deref().unwrap_or("no rule was broken");
        writeln!(f, "seed {}: {broken}", self.seed)?;
        write!(f, "the whole trace: cargo xtask simulate --seed {}", self.seed)
    }
}

/// Runs the world of a seed.
///
/// # Panics
/// When tokio gives no runtime.
pub fn run(seed: u64, fault: Option<Fault>) -> Run {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    rng::seed_jitter(seed);
    runtime.block_on(async {
        let mut world = World::new(seed, fault);
        let broken = world.run().await.err();
        Run { seed, broken, trace: world.trace.lines(), hash: world.trace.hash() }
    })
}
