//! The stages of `cargo xtask test`: everything that CI runs, from a fresh clone. It must never
//! need anything that it did not check for, or install, in its first stage.

use crate::stage::{Stage, Work};
use crate::{browser, chart, check, deb, faults, fuzz, interop, supply_chain, tools};

/// Tools, supply chain, all of `check`, a few faults, a little fuzzing, interop, the Debian package,
/// the Helm chart.
pub(crate) fn stages() -> Vec<Stage> {
    let tools = Work::Call { run: tools::install_missing, alone: "cargo xtask test" };
    let supply_chain = Work::Call { run: supply_chain::run, alone: "cargo xtask supply-chain" };
    let fuzz = Work::Call {
        run: |workspace| fuzz::run(workspace, &[fuzz::SMOKE_S.to_owned()]),
        alone: "cargo xtask fuzz",
    };
    let interop = Work::Call { run: |ws| interop::run(ws, &[]), alone: "cargo xtask interop" };
    let mut stages = vec![
        Stage { name: "tools", work: tools },
        Stage { name: "supply chain", work: supply_chain },
    ];
    stages.extend(check::STAGES.iter().copied().map(with_all_tools));
    let faults = Work::Call { run: faults::small, alone: "cargo xtask faults --small" };
    stages.push(Stage { name: "faults", work: faults });
    stages.push(Stage { name: "fuzz", work: fuzz });
    stages.push(Stage { name: "interop", work: interop });
    let package = Work::Call { run: deb::check, alone: "cargo xtask deb --check" };
    stages.push(Stage { name: "package", work: package });
    let chart = Work::Call { run: chart::run, alone: "cargo xtask chart" };
    stages.push(Stage { name: "chart", work: chart });
    stages
}

/// Set for the tests: PostgreSQL that is not there is a failure.
const POSTGRES_REQUIRED: (&str, &str) = ("HALLPASS_POSTGRES", "required");

/// The same stage; the tests must find a browser and PostgreSQL.
fn with_all_tools(stage: Stage) -> Stage {
    match stage.work {
        Work::Cargo { args, .. } if stage.name == check::TESTS => Stage {
            work: Work::Cargo { args, env: &[browser::REQUIRED, POSTGRES_REQUIRED] },
            ..stage
        },
        _ => stage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_and_postgresql_are_required_where_everything_is_tested() {
        let is_strict = |stage: &Stage| match stage.work {
            Work::Cargo { env, .. } => {
                env.contains(&browser::REQUIRED) && env.contains(&POSTGRES_REQUIRED)
            }
            Work::Call { .. } => false,
        };
        assert!(stages().iter().any(is_strict));
        assert!(!check::STAGES.iter().any(is_strict));
    }
}
