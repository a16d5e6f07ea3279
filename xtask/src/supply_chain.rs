//! What may be compiled into the workspace at all: one TLS stack, one HTTP client, and core and
//! token without I/O however deep. It reads cargo's resolved tree and must never need a tool or a
//! database from elsewhere.

use anyhow::{Result, bail};

use crate::process;
use crate::tidy::{self, PURE_PACKAGES};
use crate::workspace::Workspace;

/// Crates that must not be in the tree, and why.
const BANNED: &[(&str, &str)] = &[
    ("native-tls", "a second TLS stack: use rustls"),
    ("openssl-sys", "a system library and a second TLS stack: use rustls with aws-lc-rs"),
    ("ring", "a second crypto library: turn on the dependency's aws-lc-rs feature"),
];

/// Crates of which there may be one version, and why.
const SINGLE: &[(&str, &str)] =
    &[("reqwest", "two HTTP clients: let the dependency take ours, or drop its own feature")];

/// Checks the tree of everything that is built or shipped; tests may use what they like.
///
/// # Errors
/// Lists each crate that should not be there, and shows who brings it in.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let everything = tree(workspace, &["--workspace", "--all-features", "--edges=normal,build"])?;
    let mut faults = refused(&everything);
    for package in PURE_PACKAGES {
        let below = tree(workspace, &["--package", package, "--all-features", "--edges=normal"])?;
        let unwanted = below.iter().filter(|found| tidy::does_io(&found.name));
        faults.extend(unwanted.map(|found| Fault {
            spec: found.spec(),
            remedy: format!("{package} must stay free of I/O and async"),
        }));
    }
    if faults.is_empty() {
        println!("{} crates, none of them unwanted.", everything.len());
        return Ok(());
    }
    let mut summary = String::new();
    for fault in &faults {
        summary += &format!("\n  {}: {}", fault.spec, fault.remedy);
        let args = ["tree", "--workspace", "--all-features", "--edges=normal,build", "--invert"];
        // Only an illustration of the error that follows, so its own failure changes nothing.
        let _ = process::run(process::command(workspace.root(), "cargo", &args).arg(&fault.spec));
    }
    bail!("unwanted crates:{summary}");
}

/// One crate of the tree.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Crate {
    name: String,
    version: String,
}

impl Crate {
    /// The name by which cargo tells versions apart.
    fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

#[derive(Debug, Eq, PartialEq)]
struct Fault {
    spec: String,
    remedy: String,
}

fn tree(workspace: &Workspace, args: &[&str]) -> Result<Vec<Crate>> {
    let mut command = process::command(workspace.root(), "cargo", &["tree", "--locked"]);
    command.args(args).args(["--prefix=none", "--format={p}"]);
    Ok(crates(&process::read(&mut command)?))
}

/// Reads lines such as `serde v1.0.0 (proc-macro) (*)`, each crate once.
fn crates(listing: &str) -> Vec<Crate> {
    let mut crates: Vec<Crate> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
            Some(Crate { name: name.to_owned(), version: version.to_owned() })
        })
        .collect();
    crates.sort();
    crates.dedup();
    crates
}

fn refused(crates: &[Crate]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, why) in BANNED {
        let found = crates.iter().filter(|c| c.name == *name);
        faults.extend(found.map(|c| Fault { spec: c.spec(), remedy: (*why).to_owned() }));
    }
    for (name, why) in SINGLE {
        let versions = crates.iter().filter(|c| c.name == *name);
        faults
            .extend(versions.skip(1).map(|c| Fault { spec: c.spec(), remedy: (*why).to_owned() }));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_read_line_by_line() {
        let listing = "hallpass v0.1.0 (somewhere)\nserde_derive v1.0.2 (proc-macro)\n\
                       serde_derive v1.0.2 (proc-macro) (*)\n\n[build-dependencies]\n";
        let specs: Vec<_> = crates(listing).iter().map(Crate::spec).collect();
        assert_eq!(specs, ["hallpass@0.1.0", "serde_derive@1.0.2"]);
    }

    #[test]
    fn unwanted_crates_are_refused() {
        for (listing, wanted) in [
            ("rustls v0.23.46\nreqwest v0.13.5\nstring v1.0.0", vec![]),
            ("ring v0.17.8\nnative-tls v0.2.0", vec!["native-tls@0.2.0", "ring@0.17.8"]),
            ("openssl-sys v0.9.1 (*)", vec!["openssl-sys@0.9.1"]),
            ("reqwest v0.12.1\nreqwest v0.13.5\nreqwest v0.12.1 (*)", vec!["reqwest@0.13.5"]),
        ] {
            let found: Vec<_> = refused(&crates(listing)).into_iter().map(|f| f.spec).collect();
            assert_eq!(found, wanted, "{listing}");
        }
    }
}
