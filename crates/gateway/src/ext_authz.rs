//! Envoy's questions over gRPC: the one method `Check` of `envoy.service.auth.v3.Authorization`.
//! It reads the few fields that a decision needs, by their numbers, and never the body of the
//! request that is asked about.

mod wire;

use bytes::{BufMut, Bytes, BytesMut};
use hallpass_verifier::Rejection;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;

pub(crate) use self::wire::BadMessage;
use self::wire::{Message, Value, fields};
use crate::{
    answer::{Body, full},
    gateway::Gateway,
    identity,
    path::Path,
    question::Question,
    service,
};

/// Where the method is called.
pub(crate) const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Heads of at most 64 KiB, twice, and what Envoy says beside.
const MOST_BYTES: usize = 256 * 1024;

/// Codes of gRPC's own.
const OK: u64 = 0;
const INVALID_ARGUMENT: u64 = 3;
const PERMISSION_DENIED: u64 = 7;
const UNAVAILABLE: u64 = 14;
const UNAUTHENTICATED: u64 = 16;

/// `OVERWRITE_IF_EXISTS_OR_ADD`.
const OVERWRITE: u64 = 2;

/// What Envoy says of a request.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Attributes {
    method: String,
    path: String,
    host: String,
    /// With lower-case names. Envoy joins what comes twice by a comma, or lists it.
    headers: Vec<(String, Vec<u8>)>,
}

/// Answers one call.
pub(crate) async fn answer(gateway: &Gateway, request: Request<Incoming>) -> Response<Body> {
    let whole = Limited::new(request.into_body(), MOST_BYTES).collect().await;
    let attributes = match whole {
        Ok(whole) => read(&whole.to_bytes()),
        Err(_) => Err(BadMessage::TooLong),
    };
    let attributes = match attributes {
        Ok(attributes) => attributes,
        Err(bad) => {
            tracing::warn!("A question over gRPC cannot be read: {bad}");
            return refused(INVALID_ARGUMENT);
        }
    };
    let names: Vec<_> = attributes.headers.iter().map(|(name, _)| name.clone()).collect();
    let Some(question) = attributes.into_question() else { return refused(INVALID_ARGUMENT) };
    let message = match service::decide(gateway, question).await {
        Ok(admitted) => {
            let keeps_token = gateway.settings().pass_authorization;
            passed(&admitted.headers, &names, keeps_token)
        }
        Err(response) => denied(response).await,
    };
    framed(&message.into_bytes())
}

/// A frame of gRPC, and the question in it.
pub(crate) fn read(body: &[u8]) -> Result<Attributes, BadMessage> {
    // One byte says whether it is compressed, four how long it is.
    let (head, message) = body.split_at_checked(5).ok_or(BadMessage::Cut)?;
    let length = head[1..].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if head[0] != 0 || length != message.len() {
        return Err(BadMessage::Frame);
    }
    // CheckRequest.attributes, AttributeContext.request, Request.http.
    let http = [1, 4, 2].into_iter().try_fold(message, wire::only)?;
    let mut attributes = Attributes::default();
    for field in fields(http) {
        match field? {
            (2, Value::Bytes(text)) => attributes.method = wire::text(text)?,
            (3, Value::Bytes(pair)) => attributes.headers.push(header_of(pair)?),
            (4, Value::Bytes(text)) => attributes.path = wire::text(text)?,
            (5, Value::Bytes(text)) => attributes.host = wire::text(text)?,
            // HeaderMap.headers: each is a name, and a value as text or as bytes.
            (13, Value::Bytes(map)) => {
                for field in fields(map) {
                    if let (1, Value::Bytes(pair)) = field? {
                        attributes.headers.push(header_of(pair)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(attributes)
}

/// A name and a value: an entry of a map, or a `HeaderValue`.
fn header_of(pair: &[u8]) -> Result<(String, Vec<u8>), BadMessage> {
    let (mut name, mut value) = (String::new(), Vec::new());
    for field in fields(pair) {
        match field? {
            (1, Value::Bytes(text)) => name = wire::text(text)?.to_ascii_lowercase(),
            (2 | 3, Value::Bytes(bytes)) => value = bytes.to_vec(),
            _ => {}
        }
    }
    Ok((name, value))
}

impl Attributes {
    fn into_question(self) -> Option<Question> {
        let method = Method::from_bytes(self.method.as_bytes()).ok()?;
        let mut tokens = self.headers.iter().filter(|(name, _)| name == "authorization");
        let authorization = match (tokens.next(), tokens.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => HeaderValue::from_bytes(value)
                .map(Some)
                .map_err(|_| Rejection::InvalidRequest("the Authorization header is not one")),
            _ => Err(Rejection::InvalidRequest("more than one Authorization header")),
        };
        let host = Some(self.host).filter(|host| !host.is_empty());
        Some(Question { method, host, path: Path::parse(&self.path), authorization })
    }
}

/// `CheckResponse` with `ok_response`: who calls, and which headers go.
fn passed(identity: &HeaderMap, came: &[String], keeps_token: bool) -> Message {
    let mut ok = Message::default();
    for (name, value) in identity {
        ok.message(2, &header_option(name, value, true));
    }
    let goes = |name: &&String| {
        let is_token = name.as_str() == "authorization" && !keeps_token;
        is_token || identity::is_ours(name) && !identity.contains_key(name.as_str())
    };
    for name in came.iter().filter(goes) {
        ok.bytes(5, name.as_bytes());
    }
    let mut response = status(OK);
    response.message(3, &ok);
    response
}

/// `CheckResponse` with `denied_response`: the refusal as it is over HTTP.
async fn denied(response: Response<Body>) -> Message {
    let (head, body) = response.into_parts();
    let code = match head.status {
        StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::BAD_REQUEST => INVALID_ARGUMENT,
        _ => PERMISSION_DENIED,
    };
    let mut http = Message::default();
    http.number(1, head.status.as_u16().into());
    let mut denied = Message::default();
    denied.message(1, &http);
    for (name, value) in &head.headers {
        denied.message(2, &header_option(name, value, false));
    }
    // It was made in memory a moment ago.
    let body = body.collect().await.map(|whole| whole.to_bytes()).unwrap_or_default();
    denied.bytes(3, &body);
    let mut response = status(code);
    response.message(2, &denied);
    response
}

fn status(code: u64) -> Message {
    let mut status = Message::default();
    status.number(1, code);
    let mut response = Message::default();
    response.message(1, &status);
    response
}

fn header_option(name: &HeaderName, value: &HeaderValue, overwrites: bool) -> Message {
    let mut header = Message::default();
    header.bytes(1, name.as_str().as_bytes());
    header.bytes(2, value.as_bytes());
    let mut option = Message::default();
    option.message(1, &header);
    if overwrites {
        option.number(3, OVERWRITE);
    }
    option
}

/// One message as an answer of gRPC, with its trailer.
fn framed(message: &[u8]) -> Response<Body> {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    // A message of ours is far from four gigabytes.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    let trailers = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Some(Ok(trailers))
    };
    let body = Full::<Bytes>::new(frame.freeze()).with_trailers(trailers);
    let body = body.map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer without a message. Envoy lets nothing through then.
fn refused(code: u64) -> Response<Body> {
    let mut response = Response::new(full(""));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(code));
    response
}

#[cfg(test)]
mod tests;
