//! Where log lines go: standard error, for people or for machines; and where traces go, if they
//! are wanted.

use std::io::IsTerminal;

use anyhow::Context;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    config::{LocalConfig, LogFormat},
    traces::Traces,
};

/// Starts logging and tracing. Only the server does: commands print.
pub(crate) fn start(config: &LocalConfig) -> anyhow::Result<Traces> {
    let traces = Traces::open(config)?;
    let subscriber = tracing_subscriber::registry().with(lines(config)?).with(traces.layer());
    subscriber.try_init().context("cannot start logging")?;
    Ok(traces)
}

fn lines<S>(config: &LocalConfig) -> anyhow::Result<impl Layer<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let level = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("log_level {:?} is not a log level", config.log_level))?;
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match config.log_format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Pretty => lines.boxed(),
    };
    // A line says by itself what it is about; spans are for traces.
    Ok(lines.with_filter(level.and(filter_fn(|metadata| metadata.is_event()))))
}
