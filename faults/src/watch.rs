//! APIs with the project's verifier, each of which looks at the latest tokens all the time: those
//! that are alive must pass, and those whose death was acknowledged must not.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use hallpass_verifier::{Rejection, Verifier};
use tokio::task::JoinSet;

use crate::{load::Shared, record::Mishap, site::BOOKS};

/// Between two looks of a verifier.
const LOOK: Duration = Duration::from_millis(10);

/// How soon a death is known everywhere, by the project's word.
const PROMISED: Duration = Duration::from_secs(1);

/// Between two tries of a verifier that begins.
const AGAIN: Duration = Duration::from_millis(20);

/// The verifiers, and what they saw.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    verifiers: Vec<Verifier>,
    /// From the acknowledgement of a death until a verifier refused the token, in milliseconds.
    lags_ms: Mutex<Vec<f64>>,
    checks: std::sync::atomic::AtomicU64,
}

impl Watch {
    /// Starts verifiers, and waits until each has keys and feed.
    pub(crate) async fn start(issuer: &str, count: usize) -> Result<Arc<Self>> {
        let mut watch = Self::default();
        for _ in 0..count {
            watch.verifiers.push(Verifier::builder(issuer, BOOKS).start().await?);
        }
        let begun = Instant::now();
        while !watch.verifiers.iter().all(|verifier| verifier.status().ready) {
            ensure!(begun.elapsed() < Duration::from_secs(30), "a verifier is not ready");
            tokio::time::sleep(AGAIN).await;
        }
        Ok(Arc::new(watch))
    }

    /// Lets each look at tokens until it is over.
    pub(crate) fn look_on(self: &Arc<Self>, shared: &Arc<Shared>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for number in 0..self.verifiers.len() {
            let (watch, shared) = (self.clone(), shared.clone());
            tasks.spawn(async move {
                let mut seen_dead = 0;
                while !shared.is_over() {
                    watch.look(number, &shared).await;
                    watch.bury(number, &shared, &mut seen_dead).await;
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
        tasks
    }

    /// Looks at the newest token, and at an older one.
    async fn look(&self, number: usize, shared: &Shared) {
        let tokens: Vec<Arc<str>> = {
            let fresh = shared.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            fresh.front().into_iter().chain(fresh.back()).cloned().collect()
        };
        for token in tokens {
            let begun = Instant::now();
            self.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if let Err(why) = self.check(number, &token).await
                && !shared.is_killed(&token)
            {
                let words = format!("verifier {number}: {}: {why}", why.reason());
                shared.record.note(Mishap::LiveTokenRefused, begun, &words);
            }
        }
    }

    /// Waits for the death of the tokens that have been acknowledged as dead since the last time.
    async fn bury(&self, number: usize, shared: &Shared, seen: &mut usize) {
        let new: Vec<_> = {
            let dead = shared.dead.lock().unwrap_or_else(PoisonError::into_inner);
            dead[*seen..].to_vec()
        };
        *seen += new.len();
        for (token, acknowledged) in new {
            let mut is_late = false;
            while !shared.is_over() {
                if self.refuses(number, &token).await {
                    let lag = acknowledged.elapsed().as_secs_f64() * 1e3;
                    self.lags_ms.lock().unwrap_or_else(PoisonError::into_inner).push(lag);
                    break;
                }
                // This machine may be busy; several times over the promise it is not that.
                if !is_late && acknowledged.elapsed() > PROMISED * 5 {
                    is_late = true;
                    let words = format!("verifier {number}: after {:?}", acknowledged.elapsed());
                    shared.record.note(Mishap::DeadTokenTaken, acknowledged, &words);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    /// Every verifier must refuse every token whose death was acknowledged.
    pub(crate) async fn all_dead_are_refused(&self, shared: &Shared) -> Vec<String> {
        let dead = shared.dead.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut broken = Vec::new();
        for number in 0..self.verifiers.len() {
            for (token, acknowledged) in &dead {
                let begun = Instant::now();
                while !self.refuses(number, token).await {
                    if begun.elapsed() > PROMISED * 10 {
                        let age = acknowledged.elapsed();
                        broken.push(format!("verifier {number} lets a token in, dead for {age:?}"));
                        break;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        broken
    }

    /// Whether every verifier lets this token in.
    pub(crate) async fn all_take(&self, token: &str) -> bool {
        for number in 0..self.verifiers.len() {
            if self.check(number, token).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn refuses(&self, number: usize, token: &str) -> bool {
        let why = self.check(number, token).await.err();
        why.is_some_and(|why| why.reason() == "revoked" || why.reason() == "unknown_key")
    }

    async fn check(&self, number: usize, token: &str) -> Result<(), Rejection> {
        let header = format!("Bearer {token}");
        self.verifiers[number].check_async(Some(header.as_bytes())).await.map(|_| ())
    }

    /// What they saw, in words.
    pub(crate) fn sum(&self) -> String {
        let mut lags = self.lags_ms.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lags.sort_by(f64::total_cmp);
        let checks = self.checks.load(std::sync::atomic::Ordering::Relaxed);
        let at = |part: f64| lags[((lags.len() - 1) as f64 * part) as usize];
        let known = match lags.len() {
            0 => "nobody was killed".to_owned(),
            count => format!(
                "{count} deaths known after p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms",
                at(0.5),
                at(0.99),
                at(1.0)
            ),
        };
        format!("{checks} tokens checked by {} verifiers; {known}", self.verifiers.len())
    }
}
