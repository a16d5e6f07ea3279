//! What stands in front of the nodes, as nginx and HAProxy do by the files that come with the
//! project: it asks `/readyz`, sends requests to nodes that are ready, and tries another node
//! where that can do no harm: when no connection was made, or when asking twice changes nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::node::Node;

/// Between two questions for `/readyz`.
const CHECK: Duration = Duration::from_millis(100);

/// For an answer, from its first try on.
const ANSWER: Duration = Duration::from_secs(45);

/// The nodes, and which of them are ready.
#[derive(Debug)]
pub(crate) struct Balancer {
    places: Vec<Place>,
    next: AtomicUsize,
    http: Client,
}

#[derive(Debug)]
struct Place {
    node: Arc<Node>,
    is_ready: AtomicBool,
}

/// What a node answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) etag: String,
    pub(crate) body: Value,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// No node took the request: nothing was done.
    NoNode,
    /// The connection broke after the request was sent, or nobody answered it in time.
    Broken(String),
}

/// Whether asking twice changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Twice {
    Harmless,
    Never,
}

impl Balancer {
    /// Begins to ask the nodes.
    pub(crate) fn start(nodes: &[Arc<Node>]) -> Result<Arc<Self>> {
        let place = |node: &Arc<Node>| Place { node: node.clone(), is_ready: false.into() };
        let places = nodes.iter().map(place).collect();
        let http = Client::builder().no_proxy().timeout(ANSWER).build()?;
        let balancer = Arc::new(Self { places, next: AtomicUsize::new(0), http });
        for number in 0..nodes.len() {
            let weak = Arc::downgrade(&balancer);
            tokio::spawn(async move {
                while let Some(balancer) = weak.upgrade() {
                    let place = &balancer.places[number];
                    place.is_ready.store(place.node.is_ready().await, Ordering::Relaxed);
                    drop(balancer);
                    tokio::time::sleep(CHECK).await;
                }
            });
        }
        Ok(balancer)
    }

    /// Whether this node gets requests.
    pub(crate) fn sends_to(&self, number: usize) -> bool {
        self.places[number].is_ready.load(Ordering::Relaxed)
    }

    /// The next node that was not tried: one that is ready, or any if none is, as nginx does it.
    fn choose(&self, tried: &[usize]) -> Option<usize> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = (0..self.places.len()).map(|step| (first + step) % self.places.len());
        let left: Vec<usize> = turn.filter(|number| !tried.contains(number)).collect();
        let ready = left.iter().find(|number| self.sends_to(**number));
        ready.or(left.first()).copied()
    }

    /// Sends a request to one node, and to another if that may be.
    pub(crate) async fn send(
        &self,
        twice: Twice,
        request: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Result<Answer, Unanswered> {
        let (mut tried, mut outcome) = (Vec::new(), Err(Unanswered::NoNode));
        while let Some(number) = self.choose(&tried) {
            tried.push(number);
            let place = &self.places[number];
            let base = format!("http://{}", place.node.address);
            outcome = match Answer::to(request(&self.http, &base)).await {
                Ok(answer) => Ok(answer),
                Err(why) if why.is_connect() => {
                    place.is_ready.store(false, Ordering::Relaxed);
                    continue;
                }
                Err(why) => Err(Unanswered::Broken(format!("{}: {}", place.node.name, said(&why)))),
            };
            let is_good = outcome
                .as_ref()
                .is_ok_and(|answer| answer.status != StatusCode::SERVICE_UNAVAILABLE);
            if is_good || twice == Twice::Never {
                break;
            }
        }
        outcome
    }

    /// Listens where the issuer is called, and passes connections on to nodes that are ready.
    pub(crate) async fn listen(self: &Arc<Self>, address: SocketAddr) -> Result<()> {
        let listener = TcpListener::bind(address).await?;
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let Some(balancer) = weak.upgrade() else { return };
                tokio::spawn(async move {
                    let server = balancer.connect().await;
                    drop(balancer);
                    if let Some(mut server) = server {
                        // However it ends, both notice.
                        let _ = copy_bidirectional(&mut caller, &mut server).await;
                    }
                });
            }
        });
        Ok(())
    }

    async fn connect(&self) -> Option<TcpStream> {
        let mut tried = Vec::new();
        while let Some(number) = self.choose(&tried) {
            match TcpStream::connect(self.places[number].node.address).await {
                Ok(stream) => return Some(stream),
                Err(_) => tried.push(number),
            }
        }
        None
    }
}

impl Answer {
    /// What a node answers to a request.
    pub(crate) async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let answer = request.send().await?;
        let status = answer.status();
        let etag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let etag = etag.unwrap_or_default().to_owned();
        let bytes = answer.bytes().await?;
        Ok(Self { status, etag, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        words = format!("{words}: {why}");
        cause = why.source();
    }
    words
}
