//! Rule: the arrows between our packages never turn back. It looks at what is shipped (normal and
//! build dependencies) and must never restrict what a test may use.

use super::Finding;
use super::manifest::{self, Kind, Manifest};
use super::tree::Tree;

/// Each package, and those of ours that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("hallpass-token", &[]),
    ("hallpass-core", &["hallpass-token"]),
    ("hallpass-store", &["hallpass-core", "hallpass-token"]),
    ("hallpass-server", &["hallpass-store", "hallpass-core", "hallpass-token"]),
    ("hallpass-verifier", &["hallpass-token"]),
    ("hallpass-client", &[]),
    ("hallpass-gateway", &["hallpass-verifier", "hallpass-token"]),
    (
        "hallpass",
        &[
            "hallpass-server",
            "hallpass-store",
            "hallpass-core",
            "hallpass-token",
            "hallpass-verifier",
            "hallpass-client",
            "hallpass-gateway",
            "books",
        ],
    ),
    ("books", &["hallpass-verifier", "hallpass-token"]),
    // Measures each of them alone, and nothing may depend on it.
    (
        "bench",
        &[
            "hallpass-server",
            "hallpass-store",
            "hallpass-core",
            "hallpass-token",
            "hallpass-verifier",
            "hallpass-client",
            "hallpass-gateway",
        ],
    ),
    // Feeds the parsers of each of them, and nothing may depend on it.
    ("fuzz", &["hallpass-server", "hallpass-gateway", "hallpass-core", "hallpass-token"]),
    // Looks at a feed from outside; the binary's tests have it look at theirs.
    ("conformance", &["hallpass-token"]),
    // Runs them against each other, and nothing may depend on it.
    (
        "simulation",
        &[
            "hallpass-server",
            "hallpass-store",
            "hallpass-core",
            "hallpass-token",
            "hallpass-verifier",
        ],
    ),
    // Reads what the binary has left in the database, and checks its tokens as an API does.
    ("faults", &["hallpass-store", "hallpass-core", "hallpass-token", "hallpass-verifier"]),
    ("xtask", &[]),
];

/// Finds dependencies that are not in the table.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    match manifest::manifests(tree) {
        Ok(manifests) => manifests.iter().flat_map(|m| turned_back(m, &manifests)).collect(),
        Err(finding) => vec![finding],
    }
}

fn turned_back(manifest: &Manifest<'_>, all: &[Manifest<'_>]) -> Vec<Finding> {
    let listed = ARROWS.iter().find(|(package, _)| *package == manifest.package);
    let allowed = listed.map_or(&[][..], |(_, allowed)| allowed);
    let ours = |name: &str| all.iter().any(|other| other.package == name);
    let wrong = manifest.dependencies.iter().filter(|d| {
        d.kind != Kind::Dev && ours(&d.package) && !allowed.contains(&d.package.as_str())
    });
    wrong
        .map(|d| {
            let problem = format!("`{}` may not depend on `{}`", manifest.package, d.package);
            let remedy = if listed.is_some() {
                "move the shared part down, or pass it in from above"
            } else {
                "a new package needs a decision record, then its line in \
                 xtask/src/tidy/arrows.rs"
            };
            Finding::new(manifest.path, d.line, problem, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn no_arrow_turns_back() {
        let nobody: &[&str] = &[];
        for (package, tables, wrong) in [
            ("hallpass-core", "[dependencies]\nhallpass-token = \"0\"", nobody),
            ("hallpass-core", "[dependencies]\nserde = \"1\"\nhallpass-store = \"0\"", &["x:5"]),
            ("hallpass-token", "[build-dependencies]\nhallpass-core = \"0\"", &["x:4"]),
            ("hallpass-token", "[dev-dependencies]\nhallpass-core = \"0\"", nobody),
            ("hallpass-client", "[dependencies]\nhallpass-token = \"0\"", &["x:4"]),
            ("bench", "[dependencies]\nhallpass-token = \"0\"", nobody),
            ("stranger", "[dependencies]\nhallpass-token = \"0\"", &["x:4"]),
            ("stranger", "[dependencies]\nserde = \"1\"", nobody),
        ] {
            let one = format!("[package]\nname = \"{package}\"\n{tables}\n");
            let others = ["token", "core", "store"]
                .map(|name| format!("[package]\nname = \"hallpass-{name}\"\n"));
            let files = [
                ("0/Cargo.toml", one.as_str()),
                ("1/Cargo.toml", &others[0]),
                ("2/Cargo.toml", &others[1]),
                ("3/Cargo.toml", &others[2]),
            ];
            let wanted: Vec<_> = wrong.iter().map(|w| w.replace('x', "0/Cargo.toml")).collect();
            assert_eq!(places(rule, &files), wanted, "{package}: {tables}");
        }
    }
}
