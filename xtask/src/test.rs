//! The stages of `cargo xtask test`: everything that CI runs, from a fresh clone. It must never
//! need anything that it did not check for, or install, in its first stage.

use crate::stage::{Stage, Work};
use crate::{check, fuzz, interop, supply_chain, tools};

/// Tools, supply chain, all of `check`, a little fuzzing, interop.
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
    stages.extend_from_slice(check::STAGES);
    stages.push(Stage { name: "fuzz", work: fuzz });
    stages.push(Stage { name: "interop", work: interop });
    stages
}
