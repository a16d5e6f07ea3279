//! The stages of `cargo xtask check`: all that a change needs, cheapest first. All of them must
//! use the dev profile and the same features, so that nothing is compiled twice.

use crate::stage::{Stage, Work};
use crate::{browser, tidy};

/// The stage that `cargo xtask test` is stricter about.
pub(crate) const TESTS: &str = "tests";

/// Format, tidy, clippy, docs, browser, tests.
pub(crate) const STAGES: &[Stage] = &[
    Stage { name: "format", work: cargo(&["fmt", "--all", "--check"]) },
    Stage { name: "tidy", work: Work::Call { run: tidy::run, alone: "cargo xtask tidy" } },
    Stage {
        name: "clippy",
        work: cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Stage {
        name: "docs",
        work: Work::Cargo {
            args: &["doc", "--workspace", "--all-features", "--no-deps"],
            env: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    Stage {
        name: "browser",
        work: Work::Call { run: browser::prepare, alone: "cargo xtask check" },
    },
    Stage {
        name: TESTS,
        // Every failing test at once is worth more than a quick end.
        work: cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]),
    },
];

const fn cargo(args: &'static [&'static str]) -> Work {
    Work::Cargo { args, env: &[] }
}
