//! The gateway: checks tokens in front of APIs that know nothing of tokens. A reverse proxy asks
//! it about each request (nginx, Caddy, Traefik, Envoy), or it is one itself. It is a thin shell
//! around the verifier: keys and revocations are known ahead, so no request costs a network call.
//! It never issues a token, never sees the issuer's store, and lets nothing through that no rule
//! of its file lets through.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use hallpass_gateway::{Gateway, Options};
//!
//! let gateway = Gateway::start(Options::new("gateway.toml", "https://auth.example.com")).await?;
//! let server = gateway.bind().await?;
//! println!("Answers at {}", server.address()?);
//! server.run().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod answer;
mod direct;
mod ext_authz;
mod gateway;
mod identity;
mod listener;
mod metrics;
pub mod path;
pub mod pattern;
mod question;
mod reload;
mod rules;
mod service;
mod settings;

pub use self::{
    gateway::{Gateway, Options, StartError},
    listener::Server,
    rules::{BadFile, Route, Rules},
    settings::{BadUpstream, Settings, Upstream, WhenStale},
};

/// Reads the file of a gateway.
///
/// # Errors
/// The first mistake, with its line.
pub fn read(text: &str) -> Result<(Settings, Rules), BadFile> {
    rules::read(text)
}
