//! Feeds every parser that strangers can reach with broken input: `fuzz SECONDS [TARGET…]`. It
//! runs on stable Rust, needs no other tool, and must never write a file.

mod edit;
mod run;
mod target;
mod targets;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};

use target::Target;

/// Seconds for each target, unless said.
const SECONDS: u64 = 10;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match chosen(&args) {
        Ok((seconds, targets)) => run_all(Duration::from_secs(seconds), &targets),
        Err(why) => {
            eprintln!("fuzz: {why:#}");
            ExitCode::FAILURE
        }
    }
}

/// The seconds for each target, and the targets that were asked for: all, if none was.
fn chosen(args: &[String]) -> anyhow::Result<(u64, Vec<Target>)> {
    let (seconds, names) = match args.split_first() {
        Some((first, names)) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            let seconds = first.parse();
            (seconds.with_context(|| format!("{first:?} is not a number of seconds"))?, names)
        }
        _ => (SECONDS, args),
    };
    let mut targets = targets::all()?;
    let known: Vec<&str> = targets.iter().map(|target| target.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no target {unknown:?}; there are {}", known.join(", "));
    }
    targets.retain(|target| names.is_empty() || names.iter().any(|name| name == target.name));
    Ok((seconds, targets))
}

fn run_all(time: Duration, targets: &[Target]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for target in targets {
        match run::run(target, time) {
            Ok(inputs) => println!("{:<16}{inputs:>10} inputs, none of them harmful", target.name),
            Err(failure) => {
                println!("{:<16}FAILED: {failure}", target.name);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<(u64, Vec<&'static str>), String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let chosen = chosen(&args).map_err(|why| why.to_string())?;
        Ok((chosen.0, chosen.1.iter().map(|target| target.name).collect()))
    }

    #[test]
    fn targets_are_chosen_by_name_and_all_of_them_by_none() {
        assert_eq!(names("bearer"), Ok((SECONDS, vec!["bearer"])));
        assert_eq!(names("3 jwks bearer"), Ok((3, vec!["bearer", "jwks"])));
        assert_eq!(names("60").unwrap().1, names("").unwrap().1);
        assert!(names("beaver").unwrap_err().contains("bearer"));
        assert!(names("3x").unwrap_err().contains("seconds"));
    }

    #[test]
    fn every_seed_passes_as_it_is() {
        for target in targets::all().unwrap() {
            for seed in &target.seeds {
                let shown = seed.escape_ascii();
                assert_eq!((target.check)(seed), Ok(()), "{} {shown}", target.name);
            }
        }
    }
}
