//! Rule: core and token do no I/O, and only store knows SQL. It reads direct dependencies; the
//! supply chain stage asks cargo about the indirect ones, by the same list.

use super::Finding;
use super::manifest::{self, Kind, Manifest};
use super::tree::Tree;

/// Packages that take time, randomness and bytes as arguments.
pub(crate) const PURE_PACKAGES: [&str; 2] = ["hallpass-core", "hallpass-token"];

/// The one package that speaks to databases.
const SQL_PACKAGE: &str = "hallpass-store";

/// Crates that do I/O or need an async runtime; each stands for its family (`tokio-util`).
const IO_FAMILIES: &[&str] = &[
    "async-io",
    "async-std",
    "axum",
    "crossbeam-channel",
    "futures",
    "h2",
    "hyper",
    "mio",
    "reqwest",
    "smol",
    "socket2",
    "tokio",
    "tonic",
    "tower",
    "ureq",
];

/// Crates that speak to a database; each stands for its family.
const SQL_FAMILIES: &[&str] = &[
    "deadpool",
    "diesel",
    "libsqlite3",
    "mysql",
    "postgres",
    "refinery",
    "rusqlite",
    "sea-orm",
    "sqlite",
    "sqlx",
    "tokio-postgres",
];

/// Finds I/O in the pure packages, and SQL outside store.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    match manifest::manifests(tree) {
        Ok(manifests) => manifests.iter().flat_map(broken).collect(),
        Err(_) => Vec::new(), // `arrows` reports it.
    }
}

/// Whether a crate is of no use to a package without I/O.
pub(crate) fn does_io(name: &str) -> bool {
    belongs(name, IO_FAMILIES) || speaks_sql(name)
}

fn speaks_sql(name: &str) -> bool {
    belongs(name, SQL_FAMILIES)
}

fn belongs(name: &str, families: &[&str]) -> bool {
    families.iter().any(|family| {
        name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

fn broken(manifest: &Manifest<'_>) -> Vec<Finding> {
    let pure = PURE_PACKAGES.contains(&manifest.package.as_str());
    let mut findings = Vec::new();
    for dependency in &manifest.dependencies {
        let name = &dependency.package;
        if manifest.package != SQL_PACKAGE && speaks_sql(name) {
            let problem = format!("`{name}` is a SQL driver outside {SQL_PACKAGE}");
            let remedy = "ask the `Store` trait instead";
            findings.push(Finding::new(manifest.path, dependency.line, problem, remedy));
        } else if pure && dependency.kind != Kind::Dev && does_io(name) {
            let problem = format!("`{name}` does I/O, and `{}` may not", manifest.package);
            let remedy = "act at the edge and pass the result in";
            findings.push(Finding::new(manifest.path, dependency.line, problem, remedy));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn walls_hold() {
        for (package, tables, wrong) in [
            ("hallpass-core", "[dependencies]\nserde = \"1\"", None),
            ("hallpass-core", "[dependencies]\ntokio = \"1\"", Some(4)),
            ("hallpass-token", "[dependencies]\n\ntokio-util = \"1\"", Some(5)),
            ("hallpass-token", "[dev-dependencies]\ntokio = \"1\"", None),
            ("hallpass-token", "[build-dependencies]\nreqwest = \"1\"", Some(4)),
            ("hallpass-core", "[dependencies]\ntokenizers = \"1\"", None),
            ("hallpass-server", "[dependencies]\ntokio = \"1\"", None),
            ("hallpass-server", "[dependencies]\nrusqlite = \"1\"", Some(4)),
            ("hallpass", "[dev-dependencies]\ndeadpool-postgres = \"1\"", Some(4)),
            ("hallpass-store", "[dependencies]\nrusqlite = \"1\"", None),
        ] {
            let text = format!("[package]\nname = \"{package}\"\n{tables}\n");
            let wanted: Vec<_> = wrong.iter().map(|line| format!("a/Cargo.toml:{line}")).collect();
            assert_eq!(places(rule, &[("a/Cargo.toml", &text)]), wanted, "{package}: {tables}");
        }
    }
}
