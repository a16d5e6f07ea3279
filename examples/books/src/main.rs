//! The Books API as a program of its own: `books --issuer URL --audience URL`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use hallpass_verifier::Verifier;

/// A small API that Hallpass protects.
#[derive(Parser)]
struct Args {
    /// The Hallpass server
    #[arg(long, default_value = "http://127.0.0.1:8420")]
    issuer: String,
    /// This API's audience
    #[arg(long, default_value = "http://127.0.0.1:8430")]
    audience: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8430")]
    listen: SocketAddr,
    /// Where the last keys and the last feed are kept, to start without the issuer
    #[arg(long)]
    state_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut verifier =
        Verifier::builder(args.issuer, args.audience).publish_metadata(books::SCOPES);
    if let Some(dir) = args.state_dir {
        verifier = verifier.state_dir(dir);
    }
    let verifier = verifier.start().await?;
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    println!("Books API at http://{}", listener.local_addr()?);
    axum::serve(listener, books::router(&verifier)).await?;
    Ok(())
}
