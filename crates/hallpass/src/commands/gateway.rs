//! `hallpass gateway`: checks tokens for reverse proxies, or is one, until it is told to end.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use hallpass_gateway::{Gateway, Options, Upstream};
use serde_json::json;
use tracing::{info, warn};

use super::serve::End;
use crate::{config::Config, logs, output::Output, supervisor::Supervisor};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the rules: which requests get through, and what for
    #[arg(long, default_value = "gateway.toml", value_name = "FILE")]
    rules: PathBuf,
    /// Be the reverse proxy, in front of this server; without it, proxies ask about each request
    #[arg(long, value_name = "URL")]
    upstream: Option<Upstream>,
    /// Where requests come in, instead of where the file says
    #[arg(long, value_name = "ADDRESS")]
    gateway_listen: Option<SocketAddr>,
    /// Where health and metrics are, instead of where the file says
    #[arg(long, value_name = "ADDRESS")]
    gateway_metrics_listen: Option<SocketAddr>,
    /// Only read the rules, and say what they mean
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<()> {
    if args.check {
        return check(&args, output);
    }
    let traces = logs::start(&config.local)?;
    let supervisor = Supervisor::from_environment();
    let mut end = End::listen()?;
    let mut options = Options::new(args.rules, config.server.issuer);
    options.upstream = args.upstream;
    options.listen = args.gateway_listen;
    options.metrics_listen = args.gateway_metrics_listen;
    let starting = async {
        let gateway = Gateway::start(options).await?;
        let server = gateway.bind().await?;
        Ok::<_, hallpass_gateway::StartError>((gateway, server))
    };
    let (gateway, server) = tokio::select! {
        started = starting => started?,
        () = end.comes() => return Ok(()),
    };
    let settings = gateway.settings();
    let (address, metrics) = (server.address()?, server.metrics_address()?);
    info!(
        issuer = settings.issuer.as_deref().unwrap_or_default(),
        listen = %address,
        metrics = %metrics,
        direct = settings.upstream.is_some(),
        ready = gateway.verifier().status().ready,
        "The gateway answers"
    );
    if settings.upstream.is_some() && !address.ip().is_loopback() {
        warn!("Listening beyond loopback without TLS: put a proxy in front that speaks TLS");
    }
    supervisor.ready(&format!("Answers at {address}"));
    tokio::spawn(supervisor.try_clone()?.keep_alive());
    let grace = Duration::from_secs(settings.shutdown_grace_s);
    let serving = tokio::spawn(server.run());
    end.comes().await;
    info!("Closing: open requests may finish");
    supervisor.stopping(grace);
    gateway.close();
    serving.await.context("the gateway ended badly")?;
    gateway.shutdown().await;
    traces.end().await;
    Ok(())
}

/// Says what the rules mean, and starts nothing.
fn check(args: &Args, output: Output) -> anyhow::Result<()> {
    let path = args.rules.display();
    let text = std::fs::read_to_string(&args.rules);
    let text = text.with_context(|| format!("cannot read the rules in {path}"))?;
    let (_, rules) =
        hallpass_gateway::read(&text).map_err(|why| anyhow::anyhow!("{path}, {why}"))?;
    let routes: Vec<_> = rules.routes().iter().map(hallpass_gateway::Route::describe).collect();
    output.print(&json!({ "routes": routes }), || {
        format!("{}\nWhatever fits none of these is refused.", routes.join("\n"))
    });
    Ok(())
}
