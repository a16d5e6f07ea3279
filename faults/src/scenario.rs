//! The scenarios, one file each. Each returns the lines that say what was measured; whatever broke
//! is an error.

mod failover;
mod kill;
mod rolling;
mod rotation;
mod soak;

use anyhow::Result;

use crate::{
    dice::Dice,
    plan::{Name, Plan},
};

const NO_POSTGRES: &str = "skipped: there is no PostgreSQL; `cargo xtask test` installs it";

/// Runs one.
pub(crate) async fn run(name: Name, plan: Plan, dice: Dice) -> Result<Vec<String>> {
    match name {
        Name::Kill => kill::run(&plan, dice).await,
        Name::Failover => failover::run(&plan, dice).await,
        Name::Rolling => rolling::run(&plan, dice).await,
        Name::Rotation => rotation::run(&plan, dice).await,
        Name::Soak => soak::run(&plan, dice).await,
    }
}

/// Lines under a headline.
fn headed(head: impl Into<String>, lines: Vec<String>) -> Vec<String> {
    let indented = lines.into_iter().map(|line| format!("  {}", line.replace('\n', "\n    ")));
    std::iter::once(head.into()).chain(indented).collect()
}
