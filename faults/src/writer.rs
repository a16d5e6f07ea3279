//! Programs that change things through the management API, as programs of customers do: make,
//! activate, describe, rotate, pause, resume, revoke and delete credentials. Whatever they are
//! told goes into the ledger.

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    balancer::{Answer, Twice, Unanswered},
    dice::Dice,
    ledger::{Account, Look, State},
    load::Shared,
    record::Mishap,
    site::{BOOKS, Login},
};

/// Where credentials are.
pub(crate) const CREDENTIALS: &str = "/api/v1/credentials";

/// After a change that nobody took.
const AGAIN: Duration = Duration::from_millis(50);

/// What became of a change.
enum Outcome {
    Done(Answer),
    /// It was certainly not done.
    NotDone,
    /// Nobody knows.
    Unknown,
}

/// A change that is asked for once.
struct Change {
    method: Method,
    path: String,
    body: Option<Value>,
    wanted: StatusCode,
    /// Goes with it as `If-Match`, or as `Idempotency-Key`.
    header: Option<(&'static str, String)>,
    /// When it was asked for under its key for the first time.
    since: Option<Instant>,
}

struct Writer {
    shared: Arc<Shared>,
    dice: Dice,
    name: String,
    made: u64,
    token: Option<Arc<str>>,
    account: Account,
    /// Whether it is to be pending, and since when it is asked for. Under one key goes one request.
    draft: Option<(bool, Instant)>,
    /// The ids of its secrets, oldest first, that are not retired.
    secrets: Vec<String>,
}

/// Lets so many writers work until they are told to stop. Those of another `round` use other names.
pub(crate) fn start(
    shared: &Arc<Shared>,
    count: usize,
    round: u64,
    dice: &mut Dice,
) -> (JoinSet<()>, Arc<AtomicBool>) {
    let mut writers = JoinSet::new();
    let enough = Arc::new(AtomicBool::new(false));
    for number in 0..count {
        let name = format!("round {round} writer {number}");
        let mut writer = Writer {
            shared: shared.clone(),
            dice: dice.fork(),
            account: Account::open(format!("{name} credential 0")),
            name,
            made: 0,
            token: None,
            draft: None,
            secrets: Vec::new(),
        };
        let enough = enough.clone();
        writers.spawn(async move {
            while !enough.load(Ordering::Relaxed) {
                writer.step().await;
            }
            writer.next();
        });
    }
    (writers, enough)
}

impl Writer {
    /// One change, chosen from those that the state allows.
    async fn step(&mut self) {
        let look = match self.account.state() {
            Some(State::There(look)) => look.clone(),
            Some(State::Absent) if self.account.client_id.is_none() => return self.make().await,
            // It was deleted, or nobody knows.
            _ => return self.next(),
        };
        let longest = self.shared.pace.between_changes_ms.load(Ordering::Relaxed);
        let pause = self.dice.ms(0, longest);
        tokio::time::sleep(pause).await;
        let choice = self.dice.between(0, 99);
        match (look.status, choice) {
            ("pending", 0..70) => self.turn("activate", look, "active").await,
            ("pending", 70..85) => self.remove("discard").await,
            ("active", 0..20) => self.add_secret(look).await,
            ("active", 20..35) if self.secrets.len() > 1 => self.retire(look).await,
            ("active", 35..60) => self.describe(look).await,
            ("active", 60..75) => self.kill("pause", look, "paused").await,
            ("active", 75..90) => self.kill("revoke", look, "revoked").await,
            ("paused", 0..70) => self.turn("resume", look, "active").await,
            ("paused", 70..90) => self.kill("revoke", look, "revoked").await,
            ("revoked", 0..50) => self.remove("delete").await,
            ("active", _) if self.secrets.len() < 2 => self.add_secret(look).await,
            _ => self.next(),
        }
    }

    /// Leaves this credential as it is, and turns to another.
    fn next(&mut self) {
        self.made += 1;
        self.secrets.clear();
        self.draft = None;
        let account = Account::open(format!("{} credential {}", self.name, self.made));
        self.shared.ledger.close(std::mem::replace(&mut self.account, account));
    }

    fn path(&self, rest: &str) -> String {
        format!("{CREDENTIALS}/{}{rest}", self.account.client_id.as_deref().unwrap_or_default())
    }

    async fn make(&mut self) {
        let dice = &mut self.dice;
        let (pending, since) =
            *self.draft.get_or_insert_with(|| (dice.percent(30), Instant::now()));
        let grants = json!([{ "audience": BOOKS, "scopes": ["read"] }]);
        let body = json!({ "name": self.account.name, "pending": pending, "grants": grants });
        let header = Some(("idempotency-key", self.account.name.replace(' ', "-")));
        let wanted = StatusCode::CREATED;
        let path = CREDENTIALS.to_owned();
        let (method, body, since) = (Method::POST, Some(body), Some(since));
        let change = Change { method, path, body, wanted, header, since };
        let status = if pending { "pending" } else { "active" };
        let made = Look { status, description: String::new(), secrets: 1, retired: 0 };
        let mut outcome = self.ask(&change).await;
        if matches!(outcome, Outcome::Unknown) && self.dice.percent(50) {
            // Under the same key nothing is made twice, and the answer may be had after all.
            if let Outcome::Done(answer) = self.ask(&change).await {
                outcome = Outcome::Done(answer);
            }
        }
        if let Some(answer) = self.enter(outcome, State::There(made)) {
            let credential = &answer.body["credential"];
            let client_id = credential["client_id"].as_str().map(str::to_owned);
            self.secrets = ids(&credential["secrets"]);
            self.account.client_id.clone_from(&client_id);
            self.log_in_with(&answer.body["client_secret"]);
        }
    }

    async fn add_secret(&mut self, look: Look) {
        let change = self.post("/secrets", Some(json!({ "note": "vault" })), StatusCode::CREATED);
        let outcome = self.ask(&change).await;
        let after = Look { secrets: look.secrets + 1, ..look };
        if let Some(answer) = self.enter(outcome, State::There(after)) {
            self.secrets.extend(answer.body["secret"]["id"].as_str().map(str::to_owned));
            self.log_in_with(&answer.body["client_secret"]);
        }
    }

    async fn retire(&mut self, look: Look) {
        let oldest = self.secrets.remove(0);
        let rest = format!("/secrets/{oldest}/retire");
        let change = self.post(&rest, Some(json!({ "kill_tokens": false })), StatusCode::OK);
        let outcome = self.ask(&change).await;
        if matches!(outcome, Outcome::NotDone) {
            self.secrets.insert(0, oldest);
        }
        let after = Look { retired: look.retired + 1, ..look };
        self.enter(outcome, State::There(after));
    }

    async fn describe(&mut self, look: Look) {
        let path = self.path("");
        let Some(token) = self.token().await else { return };
        let seen = self.shared.balancer.send(Twice::Harmless, |http, base| {
            http.get(format!("{base}{path}")).bearer_auth(&token)
        });
        let etag = match seen.await {
            Ok(answer) if answer.status == StatusCode::OK => answer.etag,
            // It is asked again, and nothing was to be changed yet.
            _ => return tokio::time::sleep(AGAIN).await,
        };
        let description = format!("as of change {}", self.shared.changes());
        let change = Change {
            method: Method::PATCH,
            path,
            body: Some(json!({ "description": description })),
            wanted: StatusCode::OK,
            header: Some(("if-match", etag)),
            since: None,
        };
        let outcome = self.ask(&change).await;
        self.enter(outcome, State::There(Look { description, ..look }));
    }

    async fn turn(&mut self, step: &str, look: Look, status: &'static str) {
        let change = self.post(&format!("/{step}"), None, StatusCode::OK);
        let outcome = self.ask(&change).await;
        self.enter(outcome, State::There(Look { status, ..look }));
    }

    /// The same for what kills its tokens: now and then one of them is remembered.
    async fn kill(&mut self, step: &str, look: Look, status: &'static str) {
        let login = self.account.login.clone().filter(|_| look.status == "active");
        let token = match login.filter(|_| self.dice.percent(50)) {
            // Its node may not have heard of this secret yet, so this is nobody's mishap.
            Some(login) => self.shared.token_if_any(&login).await,
            None => None,
        };
        self.turn(step, look, status).await;
        let is_done = self.account.state().is_some_and(|state| match state {
            State::There(look) => look.status == status,
            State::Absent => false,
        });
        if let Some(token) = token.filter(|_| is_done) {
            let mut dead = self.shared.dead.lock().unwrap_or_else(PoisonError::into_inner);
            dead.push((token, Instant::now()));
        }
    }

    async fn remove(&mut self, step: &str) {
        let change = match step {
            "delete" => Change {
                method: Method::DELETE,
                path: self.path(""),
                body: None,
                wanted: StatusCode::NO_CONTENT,
                header: None,
                since: None,
            },
            step => self.post(&format!("/{step}"), None, StatusCode::NO_CONTENT),
        };
        let outcome = self.ask(&change).await;
        self.enter(outcome, State::Absent);
    }

    fn post(&self, rest: &str, body: Option<Value>, wanted: StatusCode) -> Change {
        let (method, path) = (Method::POST, self.path(rest));
        Change { method, path, body, wanted, header: None, since: None }
    }

    fn log_in_with(&mut self, secret: &Value) {
        let client_id = self.account.client_id.clone();
        if let (Some(client_id), Some(secret)) = (client_id, secret.as_str()) {
            self.account.login = Some(Login { client_id, secret: secret.to_owned() });
        }
    }

    /// Enters what became of a change into the account, and returns the answer if it was done.
    fn enter(&mut self, outcome: Outcome, after: State) -> Option<Answer> {
        match outcome {
            Outcome::Done(answer) => {
                self.account.may_be = vec![after];
                Some(answer)
            }
            Outcome::NotDone => None,
            Outcome::Unknown => {
                self.account.may_be.push(after);
                self.next();
                None
            }
        }
    }

    async fn token(&mut self) -> Option<Arc<str>> {
        if self.token.is_none() {
            self.token = self.shared.token(&self.shared.program).await;
        }
        if self.token.is_none() {
            tokio::time::sleep(AGAIN).await;
        }
        self.token.clone()
    }

    /// Asks for a change. It goes to one node only, unless no connection can be made.
    async fn ask(&mut self, change: &Change) -> Outcome {
        let Some(token) = self.token().await else { return Outcome::NotDone };
        let begun = Instant::now();
        let answer = self.shared.balancer.send(Twice::Never, |http, base| {
            let url = format!("{base}{}", change.path);
            let mut request = http.request(change.method.clone(), url).bearer_auth(&token);
            if let Some((name, value)) = &change.header {
                request = request.header(*name, value);
            }
            match &change.body {
                Some(body) => request.json(body),
                None => request,
            }
        });
        let answer = answer.await;
        let (mishap, outcome) = self.judge(answer, change, begun);
        if let Some((mishap, words)) = mishap {
            // What became of the first try may still stand in the way of the next.
            let from = match mishap {
                Mishap::ChangeUnderWay | Mishap::ChangeUncertain => change.since.unwrap_or(begun),
                _ => begun,
            };
            self.shared.record.note(mishap, from, &format!("{}: {words}", change.path));
            tokio::time::sleep(AGAIN).await;
        }
        outcome
    }

    fn judge(
        &mut self,
        answer: Result<Answer, Unanswered>,
        change: &Change,
        begun: Instant,
    ) -> (Option<(Mishap, String)>, Outcome) {
        let answer = match answer {
            Ok(answer) if answer.status == change.wanted => {
                let all = &self.shared.acknowledged;
                all.lock().unwrap_or_else(PoisonError::into_inner).push((begun, Instant::now()));
                return (None, Outcome::Done(answer));
            }
            Ok(answer) => answer,
            Err(Unanswered::NoNode) => {
                let words = "no node is ready".to_owned();
                return (Some((Mishap::ChangeUnanswered, words)), Outcome::NotDone);
            }
            Err(Unanswered::Broken(why)) => {
                return (Some((Mishap::ChangeBroken, why)), Outcome::Unknown);
            }
        };
        let words = format!("{} {}", answer.status, answer.body);
        match (answer.status, answer.body["code"].as_str().unwrap_or_default()) {
            // Its key was killed, and nothing was done: a program fetches another token.
            (StatusCode::UNAUTHORIZED, _) if self.token.take().is_some() => {
                (None, Outcome::NotDone)
            }
            (StatusCode::SERVICE_UNAVAILABLE, _) => {
                (Some((Mishap::ChangeUnavailable, words)), Outcome::NotDone)
            }
            (_, "outcome-unknown") => (Some((Mishap::ChangeUncertain, words)), Outcome::Unknown),
            (StatusCode::CONFLICT, "conflict") if words.contains("Idempotency-Key") => {
                (Some((Mishap::ChangeUnderWay, words)), Outcome::Unknown)
            }
            _ => (Some((Mishap::ChangeRefused, words)), Outcome::Unknown),
        }
    }
}

/// The ids of secrets in a body.
fn ids(secrets: &Value) -> Vec<String> {
    let ids = secrets.as_array().into_iter().flatten();
    ids.filter_map(|secret| secret["id"].as_str().map(str::to_owned)).collect()
}
