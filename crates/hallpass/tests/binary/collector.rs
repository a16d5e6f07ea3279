//! A collector of traces: takes OTLP over HTTP, as protobuf, and keeps what it got.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;

/// A collector on loopback.
pub(crate) struct Collector {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    /// Begins to listen.
    pub(crate) async fn start() -> Self {
        let got = Arc::<Mutex<Vec<Bytes>>>::default();
        let take = async |State(got): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| {
            got.lock().unwrap().push(body);
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(got.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, got }
    }

    /// Where it takes traces.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Everything that it got, as it came.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.got.lock().unwrap().clone()
    }

    /// Every span that it got, each from a server that says who it is.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for body in self.bodies() {
            for of_server in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
                let resource = of_server.resource.unwrap();
                assert_eq!(said(&resource.attributes, "service.name"), Some("hallpass".into()));
                spans.extend(of_server.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        spans
    }
}

/// An attribute as text.
pub(crate) fn said(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref()?;
    match value {
        AnyValue { value: Some(Value::StringValue(text)) } => Some(text.clone()),
        AnyValue { value: Some(Value::IntValue(number)) } => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}
