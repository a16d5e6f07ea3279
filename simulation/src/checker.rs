//! One API with its verifier: the real one, over the simulated network.

use std::sync::{Arc, Mutex, PoisonError};

use hallpass_verifier::{Timing, Verifier, WhenStale};
use tokio::task::JoinHandle;

use crate::{
    clock::Clock,
    fault::Fault,
    line::Line,
    network::{Network, Sight},
    node::{ISSUER, Node},
    rng::{self, Rng},
    setup::AUDIENCE,
};

/// The machine on which an API runs.
pub(crate) struct Checker {
    /// Its clock.
    pub(crate) clock: Clock,
    /// To each node.
    pub(crate) lines: Vec<Arc<Line>>,
    /// What it has chosen.
    pub(crate) when_stale: WhenStale,
    /// What it has chosen.
    pub(crate) max_staleness_s: u64,
    /// What comes through.
    pub(crate) sight: Arc<Sight>,
    nodes: Vec<Arc<Node>>,
    fault: Option<Fault>,
    verifier: Arc<Mutex<Option<Verifier>>>,
    starting: Option<JoinHandle<()>>,
}

impl Checker {
    /// A machine that is not running yet.
    pub(crate) fn new(
        clock: Clock,
        nodes: &[Arc<Node>],
        rng: &mut Rng,
        fault: Option<Fault>,
    ) -> Self {
        let lines = nodes.iter().map(|_| Arc::new(Line::new(rng.fork()))).collect();
        let when_stale = if rng.once_in(3) { WhenStale::FailOpen } else { WhenStale::FailClosed };
        let max_staleness_s = [5, 10, 20, 3600][rng.place(4)];
        Self {
            clock,
            lines,
            when_stale,
            max_staleness_s,
            sight: Arc::default(),
            nodes: nodes.to_vec(),
            fault,
            verifier: Arc::default(),
            starting: None,
        }
    }

    /// Starts the verifier, or starts it again.
    pub(crate) fn start(&mut self, rng: &mut Rng) {
        self.crash();
        let (nodes, lines) = (self.nodes.clone(), self.lines.clone());
        let network = Network::new(nodes, lines, rng.fork(), self.sight.clone(), self.fault);
        let mut timing = Timing::default();
        timing.jitter = rng::jitter;
        let builder = Verifier::builder(ISSUER, AUDIENCE)
            .clock(self.clock)
            .timing(timing)
            .transport(network)
            .max_staleness_s(self.max_staleness_s)
            .when_stale(self.when_stale);
        let place = self.verifier.clone();
        self.starting = Some(tokio::spawn(async move {
            let started = builder.start().await.ok();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = started;
        }));
    }

    /// It is gone, at once.
    pub(crate) fn crash(&mut self) {
        if let Some(starting) = self.starting.take() {
            starting.abort();
        }
        *self.verifier.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The verifier, once it has started.
    pub(crate) fn verifier(&self) -> Option<Verifier> {
        self.verifier.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
