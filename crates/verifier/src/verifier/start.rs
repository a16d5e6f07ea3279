//! How a verifier comes to life: saved state first, then the tasks, then a moment of patience. It
//! never fails because the issuer is away.

use std::sync::Arc;

use hallpass_token::verify::Policy;
use tokio::{sync::watch, time::timeout};

use super::{Inner, Parts, Tasks, Verifier};
use crate::{
    builder::Revocations,
    cache::Cache,
    feed::{self, Journal, Knowledge, Offer, Prepared},
    fetch::Fetch,
    housekeeping,
    keys::{self, Keys},
    metadata::{Issuer, Metadata},
    saved::Saved,
    status::Counters,
};

/// What saved state has brought.
#[derive(Default)]
struct Restored {
    metadata: Option<Metadata>,
    /// The place in the feed, if the stream can go on from there.
    applied: Option<u64>,
}

impl Verifier {
    pub(crate) async fn start(parts: Parts, policy: Policy) -> Self {
        let Parts { demands, issuer, choice, cache_at_most, clock, timing, transport, saved } =
            parts;
        let keys = Arc::new(Keys::new(clock.clone(), timing.unknown_key_apart));
        let knowledge = Arc::new(Knowledge::new(clock.clone(), choice, saved.is_some()));
        let journal = Arc::new(Journal::default());
        let fetch = Arc::new(Fetch::new(transport));
        let restored = match &saved {
            None => Restored::default(),
            Some(saved) => {
                let (saved, issuer) = (saved.clone(), issuer.clone());
                let (keys, knowledge) = (keys.clone(), knowledge.clone());
                let restore = move || restore(&saved, &issuer, &keys, &knowledge);
                tokio::task::spawn_blocking(restore).await.unwrap_or_default()
            }
        };
        let on_metadata = {
            let knowledge = knowledge.clone();
            move |metadata: &Metadata| knowledge.offered(metadata.revocation_feed_uri.as_deref())
        };
        let keeper = keys::Keeper {
            keys: keys.clone(),
            issuer,
            fetch: fetch.clone(),
            timing: timing.clone(),
            saved: saved.clone(),
            on_metadata: Box::new(on_metadata),
        };
        // From here on they end with it, also when nobody waits for the start any more.
        let tasks = Tasks::default();
        tasks.add(tokio::spawn(keeper.run(restored.metadata)));
        let tried = watch::Sender::new(false);
        if choice.revocations != Revocations::Off {
            let reader = feed::Reader {
                knowledge: knowledge.clone(),
                fetch,
                timing: timing.clone(),
                journal: journal.clone(),
                tried: tried.clone(),
            };
            tasks.add(tokio::spawn(reader.run(restored.applied)));
            tasks.add(tokio::spawn(housekeeping::run(knowledge.clone(), saved.clone())));
        }
        let first_answers = async {
            keys.asked().await;
            if choice.revocations != Revocations::Off && is_offered(&knowledge) {
                // The sender is held above, so the wait cannot fail.
                let _ = tried.subscribe().wait_for(|tried| *tried).await;
            }
        };
        // Without them it works too, or says 503 until they come.
        let _ = timeout(timing.start, first_answers).await;
        let inner = Inner {
            demands,
            keys,
            cache: Cache::new(cache_at_most),
            knowledge,
            journal,
            counters: Counters::default(),
            clock,
            timing,
            saved,
            tasks,
        };
        Self::with(Arc::new(inner), policy)
    }
}

fn is_offered(knowledge: &Knowledge) -> bool {
    matches!(&*knowledge.offer().borrow(), Offer::At(_))
}

fn restore(saved: &Saved, issuer: &Issuer, keys: &Keys, knowledge: &Knowledge) -> Restored {
    let Some((metadata, jwks)) = saved.keys(issuer) else { return Restored::default() };
    if let Err(bad) = keys.publish(jwks) {
        tracing::error!("The saved keys are damaged and not used: {bad}");
        saved.last_error.note(&bad);
        return Restored::default();
    }
    knowledge.offered(metadata.revocation_feed_uri.as_deref());
    let mut applied = None;
    if let Some(read) = saved.feed() {
        let prepared = Prepared::new(read);
        let (seq, understood) = (prepared.seq(), prepared.is_understood());
        // Nothing is known yet, so nothing can be newer.
        if knowledge.adopt(prepared).is_ok() {
            applied = Some(seq).filter(|_| understood);
        }
    }
    Restored { metadata: Some(metadata), applied }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use http::Request;

    use crate::{Answer, BoxFuture, Transport, TransportError, Verifier};

    /// An issuer that never answers.
    struct Silent(Arc<()>);

    impl Transport for Silent {
        fn get(&self, _: Request<()>) -> BoxFuture<'_, Result<Answer, TransportError>> {
            let alive = self.0.clone();
            Box::pin(async move {
                let _alive = alive;
                std::future::pending().await
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_that_nobody_waits_for_leaves_no_task_behind() {
        let alive = Arc::new(());
        let builder = Verifier::builder("https://auth.example.com", "https://api.example.com");
        let start = builder.transport(Silent(alive.clone())).start();
        assert!(tokio::time::timeout(Duration::from_secs(1), start).await.is_err());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
