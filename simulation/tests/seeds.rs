//! The seeds of every day, and the proof that the oracle sees.

use simulation::{Fault, run};

/// So many that they take seconds, not minutes, in a debug build.
const SEEDS: u64 = 800;

/// By then a fault must have been found.
const FOUND_WITHIN: u64 = 300;

#[test]
fn whatever_happens_no_rule_is_broken() {
    for seed in 0..SEEDS {
        let run = run(seed, None);
        assert!(run.broken.is_none(), "\n{run}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        let (first, second) = (run(seed, None), run(seed, None));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
    }
}

#[test]
fn every_fault_is_found() {
    for fault in Fault::ALL {
        let mut runs = (0..FOUND_WITHIN).map(|seed| run(seed, Some(fault)));
        let found = runs.find_map(|run| Some((run.seed, run.broken?)));
        let (seed, broken) = found.unwrap_or_else(|| {
            panic!("{fault:?} was not found within {FOUND_WITHIN} seeds");
        });
        println!("{fault:?}: seed {seed}: {broken}");
    }
}
