//! Runs the stages of a command one after the other, with name and duration, and stops at the
//! first that fails. It must never swallow a failure.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::process;
use crate::workspace::Workspace;

/// One named step of `check` or `test`.
#[derive(Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
}

/// What a stage does.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// One run of cargo.
    Cargo { args: &'static [&'static str], env: &'static [(&'static str, &'static str)] },
    /// A function here; `alone` is the command line that runs just this.
    Call { run: fn(&Workspace) -> Result<()>, alone: &'static str },
}

impl Stage {
    fn run(&self, workspace: &Workspace) -> Result<()> {
        match self.work {
            Work::Cargo { args, env } => process::run(&mut cargo(workspace, args, env)),
            Work::Call { run, .. } => run(workspace),
        }
    }

    /// The command line that runs this stage alone.
    fn alone(&self, workspace: &Workspace) -> String {
        match self.work {
            Work::Cargo { args, env } => process::line(&cargo(workspace, args, env)),
            Work::Call { alone, .. } => alone.to_owned(),
        }
    }
}

fn cargo(workspace: &Workspace, args: &[&str], env: &[(&str, &str)]) -> std::process::Command {
    let mut command = process::command(workspace.root(), "cargo", args);
    command.envs(env.iter().copied());
    command
}

/// Runs the stages in order and ends with one plain line about the whole.
///
/// # Errors
/// The first stage that failed, with what went wrong and how to run it alone.
pub(crate) fn run_all(stages: &[Stage], workspace: &Workspace) -> Result<()> {
    let start = Instant::now();
    for (index, stage) in stages.iter().enumerate() {
        println!("== {} ({} of {})", stage.name, index + 1, stages.len());
        let begun = Instant::now();
        let outcome = stage.run(workspace);
        let took = spoken(begun.elapsed());
        if let Err(error) = outcome {
            return Err(anyhow!(
                "{} failed after {took}: {error:#}\n\
                 Run it alone: {}\n\
                 Passed before it: {}",
                stage.name,
                stage.alone(workspace),
                names(&stages[..index]),
            ));
        }
        println!("== {} passed in {took}", stage.name);
    }
    println!("All {} stages passed in {}.", stages.len(), spoken(start.elapsed()));
    Ok(())
}

fn names(stages: &[Stage]) -> String {
    if stages.is_empty() {
        return "nothing".to_owned();
    }
    stages.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ")
}

/// A duration as a person says it.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &'static str, run: fn(&Workspace) -> Result<()>) -> Stage {
        Stage { name, work: Work::Call { run, alone: "cargo xtask tidy" } }
    }

    #[test]
    fn the_first_failing_stage_ends_the_run_and_says_how_to_repeat_it() {
        let stages = [
            stage("fine", |_| Ok(())),
            stage("broken", |_| Err(anyhow!("the disk is full"))),
            stage("never reached", |_| panic!("a later stage must not run")),
        ];
        let error = run_all(&stages, &Workspace::at(".")).unwrap_err().to_string();
        for part in
            ["broken failed", "the disk is full", "alone: cargo xtask tidy", "before it: fine"]
        {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }

    #[test]
    fn a_cargo_stage_is_run_alone_by_its_own_command_line() {
        let work = Work::Cargo { args: &["doc"], env: &[("RUSTDOCFLAGS", "-D warnings")] };
        assert_eq!(
            Stage { name: "docs", work }.alone(&Workspace::at(".")),
            "RUSTDOCFLAGS='-D warnings' cargo doc"
        );
    }

    #[test]
    fn durations_are_spoken() {
        for (millis, text) in [(0, "0.0 s"), (3_240, "3.2 s"), (61_000, "1 min 1 s")] {
            assert_eq!(spoken(Duration::from_millis(millis)), text);
        }
    }
}
