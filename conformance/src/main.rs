//! `conformance URL`: whether an issuer's revocation feed is as `docs/feed.md` says. `cargo xtask
//! feed-conformance` builds and starts it.

use std::process::ExitCode;

use clap::Parser;
use conformance::{Kill, check};
use tokio::process::Command;

/// Looks at an issuer's revocation feed from outside, and says which demands of docs/feed.md it
/// meets.
#[derive(Debug, Parser)]
#[command(name = "feed-conformance")]
struct Args {
    /// The issuer, as its tokens name it
    issuer: String,
    /// Ends once something has died: a line for the shell, such as a `hallpass credential revoke`
    #[arg(long, value_name = "COMMAND")]
    kill: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let report = check(&args.issuer, args.kill.map(by_command)).await;
    println!("{report}");
    if report.broken().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn by_command(command: String) -> Kill {
    Box::pin(async move {
        let status = Command::new("/bin/sh").arg("-c").arg(&command).status().await;
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{command}` ended with {status}")),
            Err(why) => Err(format!("`{command}` cannot be run: {why}")),
        }
    })
}
