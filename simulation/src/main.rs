//! `simulation N` runs the seeds from 0 to N; `simulation --seed S` runs one and shows its trace.
//! `cargo xtask simulate` builds it for release and starts it.

use std::process::ExitCode;

use simulation::run;

fn main() -> ExitCode {
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => many(10_000),
        ["--seed", seed] if let Some(seed) = number(seed) => one(seed),
        [count] if let Some(count) = number(count) => many(count),
        _ => {
            eprintln!("usage: simulation [N | --seed S]");
            ExitCode::FAILURE
        }
    }
}

fn one(seed: u64) -> ExitCode {
    let run = run(seed, None);
    for line in &run.trace {
        println!("{line}");
    }
    match run.broken {
        None => {
            println!("seed {seed}: no rule was broken; hash {:016x}", run.hash);
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!("seed {seed}: {broken}; hash {:016x}", run.hash);
            ExitCode::FAILURE
        }
    }
}

fn many(count: u64) -> ExitCode {
    let begun = std::time::Instant::now();
    for seed in 0..count {
        let run = run(seed, None);
        if run.broken.is_some() {
            println!("{run}");
            return ExitCode::FAILURE;
        }
    }
    let secs = begun.elapsed().as_secs_f64();
    println!(
        "{count} seeds in {secs:.1} s ({:.0} a second): no rule was broken",
        count as f64 / secs
    );
    ExitCode::SUCCESS
}
