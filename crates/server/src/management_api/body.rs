//! What a request brings: JSON of a bounded size whose every member is known, ids, queries and
//! versions. What cannot be read is answered with the place where reading stopped.

use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::change::Version;
use http::{HeaderMap, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Problem, problem::Kind};
use crate::app::App;

/// The largest body that is read, in bytes.
const BODY_AT_MOST: usize = 64 * 1024;

/// A body of JSON.
pub(super) struct Json<T> {
    /// What it says.
    pub(super) value: T,
    /// Digest of the whole request: method, path and body.
    pub(super) digest: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let limit = Duration::from_secs(app.config.body_timeout_s);
        let whole = Limited::new(body, BODY_AT_MOST).collect();
        let bytes = match tokio::time::timeout(limit, whole).await {
            Err(_) => {
                let detail = "the body did not arrive in time; send it at once";
                return Err(Problem::new(Kind::TooSlow, detail));
            }
            Ok(Err(why)) if why.is::<LengthLimitError>() => {
                return Err(Problem::new(Kind::TooLarge, "the body is larger than 64 KiB"));
            }
            Ok(Err(_)) => {
                return Err(Problem::new(Kind::Malformed, "the body could not be read to its end"));
            }
            Ok(Ok(body)) => body.to_bytes(),
        };
        if !is_json(&head.headers) {
            let detail = "send JSON, with the Content-Type application/json";
            return Err(Problem::new(Kind::NotJson, detail));
        }
        Ok(Self { value: read(&bytes)?, digest: digest_of(&head, &bytes) })
    }
}

/// A request that needs no body; what it brings is not read.
pub(super) struct Nothing {
    /// Digest of the request: method and path.
    pub(super) digest: String,
}

impl FromRequestParts<App> for Nothing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self { digest: digest_of(parts, &[]) })
    }
}

fn digest_of(head: &Parts, body: &[u8]) -> String {
    let mut digest = digest::Context::new(&digest::SHA256);
    digest.update(format!("{} {}\n", head.method, head.uri).as_bytes());
    digest.update(body);
    URL_SAFE_NO_PAD.encode(digest.finish())
}

/// `application/json`, or another type that is written in JSON, such as a merge patch.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        let why = error.into_inner();
        match why.classify() {
            serde_json::error::Category::Data => {
                let why = reason(&why);
                Problem::invalid(field(&place, &why), why)
            }
            _ => Problem::new(Kind::Malformed, format!("the body is no JSON: {why}")),
        }
    })?;
    json.end().map_err(|why| Problem::new(Kind::Malformed, format!("the body goes on: {why}")))?;
    Ok(value)
}

/// Of a patch: what can be left out, but not taken away.
pub(super) fn given<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(from).map(Some)
}

/// Of a patch: tells `null` from nothing.
pub(super) fn mentioned<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}

/// A part of a body, read once its form is known.
pub(super) fn value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().to_string();
        let why = error.into_inner().to_string();
        Problem::invalid(field(&place, &why), why)
    })
}

/// Which member is wrong: where reading stopped, or the one that is missing there, or too much.
fn field(place: &str, why: &str) -> String {
    let name = ["missing field `", "duplicate field `", "unknown field `"]
        .into_iter()
        .find_map(|words| why.strip_prefix(words)?.split('`').next());
    match (place, name) {
        (".", None) => "body".to_owned(),
        (".", Some(name)) => name.to_owned(),
        (place, Some(name)) if !place.ends_with(name) => format!("{place}.{name}"),
        (place, _) => place.to_owned(),
    }
}

/// What serde says, without the place in the text, which says nothing about the value.
fn reason(why: &serde_json::Error) -> String {
    let text = why.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The segments of a path. Whatever does not parse is not there.
pub(super) struct Ids<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, app).await;
        read.map(|Path(ids)| Self(ids)).map_err(|_| Problem::not_found())
    }
}

/// The query of an address.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(params)| Self(params)).map_err(|why| {
            use std::error::Error;
            let why = why.source().map_or_else(|| why.to_string(), ToString::to_string);
            Problem::invalid("query", why)
        })
    }
}

/// The version that the caller has seen, by `If-Match`.
pub(super) struct IfMatch(pub(super) Option<Version>);

impl IfMatch {
    /// A change of what somebody else may change too needs one.
    pub(super) fn required(&self) -> Result<&Version, Problem> {
        self.0.as_ref().ok_or_else(|| {
            let detail = "send If-Match with the ETag of the version that you have seen, so that \
                          nobody's change is lost";
            Problem::new(Kind::VersionMissing, detail)
        })
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut all = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = all.next() else { return Ok(Self(None)) };
        let wrong = || {
            let detail = "If-Match must be one ETag in quotes, as an answer of this API gave it";
            Problem::new(Kind::Malformed, detail)
        };
        let text = value.to_str().map_err(|_| wrong())?.trim();
        let tag = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match (tag, all.next()) {
            (Some(tag), None) if !tag.contains('"') => Ok(Self(Some(Version::from(tag)))),
            _ => Err(wrong()),
        }
    }
}
