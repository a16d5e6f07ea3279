//! The programs that `cargo xtask test` needs beside cargo: which are missing, and which package
//! brings each. It must never touch a machine on which everything is already there.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// A program that the tests start.
struct Tool {
    name: &'static str,
    /// A call that succeeds exactly when the tool can do what is needed here.
    probe: &'static [&'static str],
    source: Source,
    why: &'static str,
}

/// Where a missing tool comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// Packages of Debian and its children.
    Apt(&'static [&'static str]),
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        source: Source::Rustup("rustfmt"),
        why: "checks the format",
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        source: Source::Rustup("clippy"),
        why: "checks the lints",
    },
    Tool {
        name: "cc",
        probe: &["cc", "--version"],
        source: Source::Apt(&["build-essential"]),
        why: "compiles aws-lc and SQLite",
    },
    Tool {
        name: "git",
        probe: &["git", "--version"],
        source: Source::Apt(&["git"]),
        why: "lists the files that tidy reads",
    },
    Tool {
        name: "curl",
        probe: &["curl", "--version"],
        source: Source::Apt(&["curl"]),
        why: "is one of the interop peers",
    },
    Tool {
        name: "wget",
        probe: &["wget", "--version"],
        source: Source::Apt(&["wget"]),
        why: "is one of the interop peers",
    },
    Tool {
        name: "python3 with venv",
        probe: &["python3", "-c", "import ensurepip, venv"],
        source: Source::Apt(&["python3", "python3-venv"]),
        why: "drives the interop suite, and holds its Python peers",
    },
    Tool {
        name: "node",
        probe: &["node", "--version"],
        source: Source::Apt(&["nodejs"]),
        why: "runs the JavaScript peers",
    },
    Tool {
        name: "npm",
        probe: &["npm", "--version"],
        source: Source::Apt(&["npm"]),
        why: "installs the JavaScript peers",
    },
    Tool {
        name: "javac",
        probe: &["javac", "-version"],
        source: Source::Apt(&["default-jdk-headless"]),
        why: "compiles and runs the Java peers",
    },
    Tool {
        name: "maven",
        probe: &["mvn", "--version"],
        source: Source::Apt(&["maven"]),
        why: "fetches the libraries of the Java peers",
    },
    Tool {
        name: "ruby's libraries",
        probe: &[
            "ruby",
            "-r",
            "oauth2",
            "-r",
            "rack/oauth2",
            "-r",
            "signet/oauth_2/client",
            "-r",
            "jwt",
            "-r",
            "json/jwt",
            "-e",
            "0",
        ],
        source: Source::Apt(&[
            "ruby",
            "ruby-oauth2",
            "ruby-rack-oauth2",
            "ruby-signet",
            "ruby-jwt",
            "ruby-json-jwt",
        ]),
        why: "are the Ruby peers",
    },
    Tool {
        name: "perl's libraries",
        probe: &[
            "/usr/bin/perl",
            "-MOAuth::Lite2::Client::ClientCredentials",
            "-MNet::OAuth2",
            "-MCrypt::JWT",
            "-e",
            "0",
        ],
        source: Source::Apt(&[
            "perl",
            "liboauth-lite2-perl",
            "libnet-oauth2-perl",
            "libcrypt-jwt-perl",
        ]),
        why: "are the Perl peers",
    },
    Tool {
        name: "r's libraries",
        probe: &["Rscript", "-e", "library(httr2); library(jsonlite)"],
        source: Source::Apt(&["r-base-core", "r-cran-httr2", "r-cran-jsonlite"]),
        why: "are the R peer",
    },
    Tool {
        name: "postgresql",
        // Debian keeps its programs off the path.
        probe: &["sh", "-c", "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb"],
        source: Source::Apt(&["postgresql"]),
        why: "keeps the state of several nodes",
    },
    Tool {
        name: "chromium",
        probe: &["chromium", "--version"],
        source: Source::Apt(&["chromium"]),
        why: "shows the dashboard to its tests",
    },
    Tool {
        name: "chromedriver",
        probe: &["chromedriver", "--version"],
        source: Source::Apt(&["chromium-driver"]),
        why: "drives the browser",
    },
    Tool {
        name: "nginx",
        probe: &["nginx", "-v"],
        source: Source::Apt(&["nginx-light"]),
        why: "stands in front of the binary in the interop suite",
    },
    Tool {
        name: "haproxy",
        probe: &["haproxy", "-v"],
        source: Source::Apt(&["haproxy"]),
        why: "stands in front of the binary in the interop suite",
    },
    Tool {
        name: "caddy",
        probe: &["caddy", "version"],
        source: Source::Apt(&["caddy"]),
        why: "asks the gateway in the interop suite",
    },
    Tool {
        name: "openssl",
        probe: &["openssl", "version"],
        source: Source::Apt(&["openssl"]),
        why: "makes the certificates of those three",
    },
    Tool {
        name: "dpkg-shlibdeps",
        probe: &["sh", "-c", "command -v dpkg-shlibdeps && command -v strip"],
        source: Source::Apt(&["dpkg-dev", "binutils"]),
        why: "builds the Debian package",
    },
    Tool {
        name: "lintian",
        probe: &["lintian", "--version"],
        source: Source::Apt(&["lintian"]),
        why: "looks for what Debian does not want in a package",
    },
    Tool {
        name: "systemd-analyze",
        probe: &["systemd-analyze", "--version"],
        source: Source::Apt(&["systemd"]),
        why: "reads the unit, and says what it leaves open",
    },
    Tool {
        name: "go",
        probe: &["go", "version"],
        source: Source::Apt(&["golang-go"]),
        why: "builds the Go peers, and the check of the Helm chart",
    },
];

/// Installs the tools that are not there yet.
///
/// # Errors
/// Names every tool that is still missing afterwards, what needs it, and its package.
pub(crate) fn install_missing(workspace: &Workspace) -> Result<()> {
    let before = missing(workspace);
    if before.is_empty() {
        println!("All {} tools are there.", TOOLS.len());
        return Ok(());
    }
    println!("Missing: {}.", before.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", "));
    for component in components(&before) {
        attempt(workspace, &["rustup", "component", "add", component]);
    }
    let packages = packages(&before);
    if !packages.is_empty() {
        apt_install(workspace, &packages);
    }
    let after = missing(workspace);
    if !after.is_empty() {
        bail!("these tools are missing and could not be installed:{}", remedies(&after));
    }
    Ok(())
}

fn missing(workspace: &Workspace) -> Vec<&'static Tool> {
    let absent = |tool: &&Tool| !process::succeeds(&mut command(workspace, tool.probe));
    TOOLS.iter().filter(absent).collect()
}

fn components(tools: &[&Tool]) -> BTreeSet<&'static str> {
    let component = |tool: &&Tool| match tool.source {
        Source::Rustup(component) => Some(component),
        Source::Apt(_) => None,
    };
    tools.iter().filter_map(component).collect()
}

fn packages(tools: &[&Tool]) -> BTreeSet<&'static str> {
    let packages = |tool: &&Tool| match tool.source {
        Source::Apt(packages) => packages,
        Source::Rustup(_) => &[],
    };
    tools.iter().flat_map(packages).copied().collect()
}

/// Asks apt for the packages, as root or through sudo.
fn apt_install(workspace: &Workspace, packages: &BTreeSet<&str>) {
    if !process::succeeds(&mut command(workspace, &["apt-get", "--version"])) {
        println!("There is no apt-get here to install them with.");
        return;
    }
    let root = process::read(&mut command(workspace, &["id", "-u"]))
        .is_ok_and(|answer| answer.trim() == "0");
    // `sudo -n` fails where it would have to ask for a password.
    let prefix: &[&str] = if root { &["env"] } else { &["sudo", "-n", "env"] };
    let apt = [prefix, &["DEBIAN_FRONTEND=noninteractive", "apt-get"]].concat();
    attempt(workspace, &[&apt[..], &["update"]].concat());
    let mut install = [&apt[..], &["install", "--yes", "--no-install-recommends"]].concat();
    install.extend(packages);
    attempt(workspace, &install);
}

/// Runs an installation step. What counts is whether the tool is there afterwards, so a failure
/// is only reported.
fn attempt(workspace: &Workspace, words: &[&str]) {
    if let Err(error) = process::run(&mut command(workspace, words)) {
        println!("{error:#}");
    }
}

fn command(workspace: &Workspace, words: &[&str]) -> std::process::Command {
    let (program, args) = words.split_first().map_or(("true", words), |(p, args)| (*p, args));
    process::command(workspace.root(), program, args)
}

fn remedies(tools: &[&Tool]) -> String {
    let remedy = |tool: &&Tool| match tool.source {
        Source::Rustup(component) => {
            format!("\n  {} ({}): rustup component add {component}", tool.name, tool.why)
        }
        Source::Apt(packages) => {
            format!("\n  {} ({}): apt-get install {}", tool.name, tool.why, packages.join(" "))
        }
    };
    tools.iter().map(remedy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<&'static Tool> {
        TOOLS.iter().filter(|tool| names.contains(&tool.name)).collect()
    }

    #[test]
    fn each_tool_comes_from_its_source() {
        for (tools, from_apt, from_rustup) in [
            (vec![], vec![], vec![]),
            (vec!["clippy"], vec![], vec!["clippy"]),
            (vec!["cc", "rustfmt"], vec!["build-essential"], vec!["rustfmt"]),
            (vec!["python3 with venv", "go"], vec!["golang-go", "python3", "python3-venv"], vec![]),
        ] {
            let tools = named(&tools);
            assert_eq!(packages(&tools).into_iter().collect::<Vec<_>>(), from_apt);
            assert_eq!(components(&tools).into_iter().collect::<Vec<_>>(), from_rustup);
        }
    }

    #[test]
    fn a_missing_tool_is_named_with_its_reason_and_its_package() {
        assert_eq!(
            remedies(&named(&["cc", "clippy"])),
            "\n  clippy (checks the lints): rustup component add clippy\
             \n  cc (compiles aws-lc and SQLite): apt-get install build-essential"
        );
    }

    #[test]
    fn every_tool_has_a_probe_and_a_reason() {
        for tool in TOOLS {
            assert!(!tool.probe.is_empty() && !tool.why.is_empty(), "{}", tool.name);
        }
    }
}
