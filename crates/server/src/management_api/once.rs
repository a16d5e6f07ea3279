//! `Idempotency-Key`: a program that did not hear the answer asks again under the same key, and
//! nothing is made twice. The answer is kept for a day, but never a secret: that was shown once.

use axum::{extract::FromRequestParts, response::Response};
use hallpass_core::change::Version;
use hallpass_store::{Answer, Claim, Request};
use http::{HeaderName, HeaderValue, StatusCode, request::Parts};
use serde_json::Value;
use tracing::warn;
use zeroize::Zeroizing;

use super::{Problem, answer, problem::Kind, program::Program};
use crate::app::App;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Said in later answers beside what was in the first one alone, in a member of the same name
/// with this end.
const REMARK: &str = "_remark";
const SHOWN_ONCE: &str = "this is a repeated answer: this was in the first one alone, and cannot \
                          be shown again; if it was lost, make another";

/// A request is answered within this; one that was begun earlier and is still open was cut off.
const CUT_OFF_S: u64 = 60;

/// The key of a request, if it has one.
pub(super) struct Key(Option<String>);

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut all = parts.headers.get_all(HEADER).iter();
        let Some(first) = all.next() else { return Ok(Self(None)) };
        let text = first.as_bytes();
        let is_good = (1..=255).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
        match (is_good, all.next()) {
            (true, None) => Ok(Self(Some(String::from_utf8_lossy(text).into_owned()))),
            _ => {
                let detail = "Idempotency-Key must be one value of 1 to 255 visible ASCII \
                              characters, such as a UUID";
                Err(Problem::new(Kind::Malformed, detail))
            }
        }
    }
}

/// Something that was made.
pub(super) struct Made {
    /// Where it is found, below the issuer.
    pub(super) path: String,
    /// How it looks.
    pub(super) body: Value,
    /// Its version, if it has one.
    pub(super) version: Option<Version>,
    /// Its secrets, for this one answer.
    pub(super) secrets: Vec<Secret>,
}

/// What stands in the first answer alone.
pub(super) struct Secret {
    /// Where in the body: a JSON pointer (RFC 6901) to a member that is `null` otherwise.
    pub(super) at: String,
    /// What stands there.
    pub(super) text: Zeroizing<String>,
}

impl Secret {
    /// The one secret of a body, in this member of it.
    pub(super) fn member(name: &str, text: &str) -> Vec<Self> {
        vec![Self { at: format!("/{name}"), text: Zeroizing::new(text.to_owned()) }]
    }
}

/// How something looks, as JSON.
pub(super) fn body_of(shape: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(shape).map_err(|_| Problem::internal())
}

/// Does `work` once per key, and to its end even if the caller goes away.
pub(super) async fn once(
    app: &App,
    program: &Program,
    (key, digest): (Key, String),
    work: impl Future<Output = Result<Made, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let owner = program.client_id.clone();
    let request = key.0.map(|key| Request { owner, key, digest });
    if let Some(request) = &request {
        match app.store.claim(request, app.clock.now()).await? {
            Claim::New => {}
            Claim::Answered(answer) => return Ok(replay(app, &answer)),
            Claim::Open { since } => return Err(open(app.clock.now().millis_since(since) / 1000)),
            Claim::Other => {
                let detail = "this Idempotency-Key was used for another request; every request \
                              needs a key of its own";
                return Err(Problem::new(Kind::KeyReused, detail));
            }
        }
    }
    // A caller who hangs up must not leave the work half done.
    let app = app.clone();
    let task = tokio::spawn(async move {
        let outcome = work.await;
        // While nobody knows whether it was done, the receipt stays open and says so.
        let known = !outcome.as_ref().is_err_and(Problem::is_of_unknown_outcome);
        if let Some(request) = request.as_ref().filter(|_| known) {
            keep(&app, request, outcome.as_ref().ok()).await;
        }
        outcome.map(|made| first(&app, made))
    });
    task.await.unwrap_or_else(|_| Err(Problem::internal()))
}

async fn keep(app: &App, request: &Request, made: Option<&Made>) {
    let kept = match made {
        None => app.store.release(request).await,
        Some(made) => {
            let body = without_secrets(made);
            let location = made.path.clone();
            let status = StatusCode::CREATED.as_u16();
            app.store.settle(request, &Answer { status, location, body }).await
        }
    };
    if let Err(why) = kept {
        // Whoever asks again is told that the outcome is not known.
        warn!(%why, client.id = %request.owner, "Cannot keep a receipt");
    }
}

/// The body as it is kept, with a remark beside each secret that was shown.
fn without_secrets(made: &Made) -> Value {
    let mut body = made.body.clone();
    for secret in &made.secrets {
        let (around, name) = secret.at.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(members)) = body.pointer_mut(around) {
            members.insert(name.to_owned(), Value::Null);
            members.insert(format!("{name}{REMARK}"), SHOWN_ONCE.into());
        }
    }
    body
}

fn first(app: &App, made: Made) -> Response {
    let mut body = made.body;
    for secret in &made.secrets {
        if let Some(member) = body.pointer_mut(&secret.at) {
            *member = secret.text.as_str().into();
        }
    }
    let mut response = match &made.version {
        Some(version) => answer::versioned(StatusCode::CREATED, &body, version),
        None => answer::json(StatusCode::CREATED, &body),
    };
    answer::located(app, &made.path, &mut response);
    response
}

fn replay(app: &App, answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::CREATED);
    let mut response = answer::json(status, &answer.body);
    answer::located(app, &answer.location, &mut response);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn open(age_s: u64) -> Problem {
    if age_s < CUT_OFF_S {
        let detail = "a request with this Idempotency-Key is under way; ask again in a moment";
        return Problem::new(Kind::Conflict, detail).retry_after(1);
    }
    let detail = "a request with this Idempotency-Key was cut off, and whether it made anything is \
                  not known; look first, then ask under another key";
    Problem::new(Kind::OutcomeUnknown, detail)
}
