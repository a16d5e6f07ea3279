//! Runs one target for a while, and shows the smallest input that does harm.

use std::{
    cell::Cell,
    fmt,
    panic::{self, AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::{
    edit,
    target::{Target, Verdict},
};

/// What one input may take, in a build without optimisation.
const SLOW: Duration = Duration::from_secs(2);

/// Inputs between two looks at the clock.
const AT_ONCE: u32 = 200;

/// An input that does harm.
#[derive(Debug)]
pub(crate) struct Failure {
    input: Vec<u8>,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    b\"{}\"", self.why, self.input.escape_ascii())
    }
}

/// Feeds the target for so long. Returns how many inputs it was fed.
///
/// # Errors
/// The smallest input that was found to do harm.
pub(crate) fn run(target: &Target, time: Duration) -> Result<u64, Failure> {
    let inputs = edit::inputs(target.seeds.clone(), target.words);
    let count = Cell::new(0);
    let end = Instant::now() + time;
    // A panic is an outcome here like any other; while the smallest is looked for there are many.
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = loop {
        let config = Config { cases: AT_ONCE, failure_persistence: None, ..Config::default() };
        let checked = TestRunner::new(config).run(&inputs, |input| {
            count.set(count.get() + 1);
            judge(target, &input).map_err(TestCaseError::fail)
        });
        match checked {
            Err(TestError::Fail(why, input)) => break Err(Failure { input, why: why.to_string() }),
            Err(TestError::Abort(why)) => {
                break Err(Failure { input: Vec::new(), why: why.to_string() });
            }
            Ok(()) if Instant::now() >= end => break Ok(count.get()),
            Ok(()) => {}
        }
    };
    panic::set_hook(loud);
    outcome
}

fn judge(target: &Target, input: &[u8]) -> Verdict {
    let begun = Instant::now();
    let verdict = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    let took = begun.elapsed();
    match verdict {
        Err(panic) => Err(format!("it panics: {}", words(&*panic))),
        Ok(_) if took > SLOW => Err(format!("it takes {took:?}")),
        Ok(verdict) => verdict,
    }
}

/// What a panic says.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no words)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::must;

    fn harm(check: impl Fn(&[u8]) -> Verdict + 'static) -> Option<Failure> {
        let seeds = ["a quiet beginning", "another one"];
        run(&Target::new("test", seeds, &["zebra"], check), Duration::from_secs(5)).err()
    }

    #[test]
    fn a_parser_that_does_harm_is_found_out_with_a_small_input() {
        let breaks = |input: &[u8]| input.windows(5).any(|part| part == b"zebra");
        let wrong = harm(move |input| must(!breaks(input), || "wrong".to_owned())).unwrap();
        let panics = harm(move |input| {
            assert!(!breaks(input), "a zebra");
            Ok(())
        });
        let panics = panics.unwrap();
        assert_eq!((&*wrong.why, &*panics.why), ("wrong", "it panics: a zebra"));
        for failure in [wrong, panics] {
            assert!(breaks(&failure.input) && failure.input.len() < 30, "{failure}");
        }
    }

    #[test]
    fn a_parser_that_does_no_harm_is_fed_until_the_time_is_over() {
        let target = Target::new("test", ["a"], &[], |_| Ok(()));
        assert!(run(&target, Duration::ZERO).unwrap() >= AT_ONCE.into());
    }
}
