//! Those who call the nodes: clients that ask for tokens all the time, and what all callers share.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hallpass_token::jose::Jws;
use reqwest::{Client, StatusCode};
use tokio::task::JoinSet;

use crate::{
    balancer::{Answer, Balancer, Twice, Unanswered},
    dice::Dice,
    ledger::Ledger,
    record::{Mishap, Record},
    site::Login,
};

/// Who ask for tokens, each for one at a time.
pub(crate) const CLIENTS: usize = 4;

/// How many of the latest tokens verifiers look at.
const FRESH: usize = 64;

/// How long callers pause.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Each client, between two tokens.
    pub(crate) between_tokens_us: AtomicU64,
    /// Each writer, between two changes, at most.
    pub(crate) between_changes_ms: AtomicU64,
}

/// What all callers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pace: Pace,
    pub(crate) balancer: Arc<Balancer>,
    pub(crate) record: Arc<Record>,
    pub(crate) ledger: Ledger,
    /// The login of the program that makes changes.
    pub(crate) program: Login,
    /// Credentials that nobody changes.
    pub(crate) steady: Vec<Login>,
    pub(crate) fresh: Mutex<VecDeque<Arc<str>>>,
    /// Tokens whose death was acknowledged, and when.
    pub(crate) dead: Mutex<Vec<(Arc<str>, Instant)>>,
    pub(crate) tokens: AtomicU64,
    /// When each acknowledged change was asked for, and when it was acknowledged.
    pub(crate) acknowledged: Mutex<Vec<(Instant, Instant)>>,
    /// The `kid`s of keys that were killed, with all that they signed.
    pub(crate) killed_keys: Mutex<Vec<String>>,
    pub(crate) is_over: AtomicBool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { between_tokens_us: 20_000.into(), between_changes_ms: 20.into() }
    }
}

impl Shared {
    /// Whether everybody is to stop.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// How many changes were acknowledged.
    pub(crate) fn changes(&self) -> usize {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether the key of a token was killed.
    pub(crate) fn is_killed(&self, token: &str) -> bool {
        let kid = Jws::parse(token).ok().and_then(|jws| jws.header().kid.clone());
        let killed = self.killed_keys.lock().unwrap_or_else(PoisonError::into_inner);
        kid.is_some_and(|kid| killed.contains(&kid))
    }

    /// Asks for a token, of any node. What goes wrong is on record.
    pub(crate) async fn token(&self, login: &Login) -> Option<Arc<str>> {
        let begun = Instant::now();
        let (mishap, words) = match self.ask(login).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                self.tokens.fetch_add(1, Ordering::Relaxed);
                match answer.body["access_token"].as_str() {
                    Some(token) => return Some(token.into()),
                    None => (Mishap::TokenRefused, "200 without a token".to_owned()),
                }
            }
            Ok(answer) => (Mishap::TokenRefused, format!("{} {}", answer.status, answer.body)),
            Err(Unanswered::NoNode) => (Mishap::TokenUnanswered, "no node is ready".to_owned()),
            Err(Unanswered::Broken(why)) => (Mishap::TokenUnanswered, why),
        };
        self.record.note(mishap, begun, &words);
        None
    }

    /// The same for a login that a node may not know yet, or know no more.
    pub(crate) async fn token_if_any(&self, login: &Login) -> Option<Arc<str>> {
        self.ask(login).await.ok()?.body["access_token"].as_str().map(Arc::from)
    }

    async fn ask(&self, login: &Login) -> Result<Answer, Unanswered> {
        let form = [("grant_type", "client_credentials")];
        let request = |http: &Client, base: &str| {
            let request = http.post(format!("{base}/oauth/token"));
            request.basic_auth(&login.client_id, Some(&login.secret)).form(&form)
        };
        self.balancer.send(Twice::Harmless, request).await
    }
}

/// Lets clients ask for tokens until it is over.
pub(crate) fn clients(shared: &Arc<Shared>, dice: &mut Dice) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (shared, mut dice) = (shared.clone(), dice.fork());
        clients.spawn(async move {
            while !shared.is_over() {
                let login = dice.one_of(&shared.steady).clone();
                if let Some(token) = shared.token(&login).await {
                    let mut fresh = shared.fresh.lock().unwrap_or_else(PoisonError::into_inner);
                    fresh.push_front(token);
                    fresh.truncate(FRESH);
                }
                let pause = shared.pace.between_tokens_us.load(Ordering::Relaxed);
                tokio::time::sleep(Duration::from_micros(pause)).await;
            }
        });
    }
    clients
}
