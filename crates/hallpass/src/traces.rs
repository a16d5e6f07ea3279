//! Traces, for a collector that speaks OTLP over HTTP. They leave in batches from a thread of their
//! own: a collector that is away, or slow, costs no request anything but its trace.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Subscriber, warn};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::config::LocalConfig;

/// For the last batch, when the server ends.
const LAST_BATCH: Duration = Duration::from_secs(5);

/// What the server's own spans come from; others are of its libraries.
const OURS: &str = "hallpass";

/// The way to the collector; none, if there is none.
#[must_use = "the last traces are sent by `end`"]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Takes the way to the collector that the settings name.
    pub(crate) fn open(config: &LocalConfig) -> anyhow::Result<Self> {
        let Some(endpoint) = &config.traces_endpoint else { return Ok(Self(None)) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .build()
            .with_context(|| format!("cannot send traces to {endpoint}"))?;
        let by_ratio = Sampler::TraceIdRatioBased(config.traces_sample_ratio);
        let resource = Resource::builder()
            .with_service_name("hallpass")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(by_ratio)))
            .with_resource(resource)
            .build();
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self(Some(provider)))
    }

    /// What hands our spans on. Without a collector nothing asks for them, and none is made.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.0.as_ref()?.tracer("hallpass");
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with(OURS));
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false);
        Some(layer.with_filter(ours))
    }

    /// Sends what is still to be sent.
    pub(crate) async fn end(self) {
        let Some(provider) = self.0 else { return };
        let sent = move || provider.shutdown_with_timeout(LAST_BATCH);
        match tokio::task::spawn_blocking(sent).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => warn!(%why, "The last traces did not reach the collector"),
            Err(why) => warn!(%why, "The last traces were not sent"),
        }
    }
}
