//! The direct mode: the gateway is the reverse proxy. Requests that get through go on to the
//! upstream, bodies stream both ways, upgraded connections too. What a request says of its caller
//! comes from here alone.

mod client;
mod hops;
mod upgraded;
mod watched;

use std::net::SocketAddr;

use hallpass_verifier::Challenge;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;

pub(crate) use self::client::Client;
use self::{client::Lost, upgraded::Upgrade, watched::Watched};
use crate::{
    answer::{Body, Refusal},
    gateway::{Admitted, Gateway, Known},
    identity,
    question::Question,
    service,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Passes a request on, if it gets through.
pub(crate) async fn answer(
    gateway: &Gateway,
    client: &Client,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let question = Question::about(&request, target);
    let admitted = match service::decide(gateway, question).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    // HTTP/2 has no such thing.
    let upgrade = Upgrade::asked(&mut request).filter(|_| !client.upstream.http2);
    let is_trusted = service::is_trusted(gateway, peer);
    let request = prepared(gateway, request, &admitted, peer, is_trusted);
    let request = Upgrade::ask(upgrade.as_ref(), request);
    let limit = std::time::Duration::from_secs(gateway.settings().upstream_timeout_s);
    match client.send(request, limit).await {
        Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let Some(upgrade) = upgrade else {
                let refusal = Refusal::UpstreamAway;
                return service::refuse(gateway, &refusal, &Challenge::default());
            };
            let response = upgrade.begin(response, gateway, admitted.caller);
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        }
        Ok(response) => passed_back(response, gateway, admitted.caller),
        Err(lost) => {
            tracing::warn!(upstream = %client.upstream.authority, "The upstream is lost: {lost}");
            let refusal = match lost {
                Lost::Slow(_) => Refusal::UpstreamSlow,
                Lost::Away(_) => Refusal::UpstreamAway,
            };
            service::refuse(gateway, &refusal, &Challenge::default())
        }
    }
}

/// The request as the upstream gets it, but for its address.
fn prepared(
    gateway: &Gateway,
    mut request: Request<Incoming>,
    admitted: &Admitted,
    peer: SocketAddr,
    is_trusted: bool,
) -> Request<Incoming> {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let headers = request.headers_mut();
    hops::remove(headers);
    identity::strip(headers);
    forwarded(headers, authority.as_deref(), peer, is_trusted);
    if !gateway.settings().pass_authorization {
        headers.remove(header::AUTHORIZATION);
    }
    // After everything that a caller could have a hand in.
    headers.extend(admitted.headers.clone());
    request
}

/// Says for whom the gateway calls. What others say is kept only from a trusted proxy.
fn forwarded(headers: &mut HeaderMap, authority: Option<&str>, peer: SocketAddr, is_trusted: bool) {
    let host = authority.and_then(|host| HeaderValue::from_str(host).ok());
    let host = host.or_else(|| headers.get(header::HOST).cloned());
    if !is_trusted {
        for name in [FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO, header::FORWARDED] {
            headers.remove(name);
        }
    }
    let address = peer.ip().to_canonical().to_string();
    let before = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let line = before.chain([address.as_str()]).collect::<Vec<_>>().join(", ");
    if let Ok(line) = HeaderValue::from_str(&line) {
        headers.insert(FORWARDED_FOR, line);
    }
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert_with(|| host.clone());
        headers.insert(header::HOST, host);
    }
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
}

/// The answer as the caller gets it.
fn passed_back(
    mut response: Response<Incoming>,
    gateway: &Gateway,
    caller: Option<Known>,
) -> Response<Body> {
    // Which HTTP was spoken behind is no concern of the caller's.
    *response.version_mut() = Version::default();
    hops::remove(response.headers_mut());
    match caller {
        // Nobody knows how long it goes on.
        Some(caller) if response.body().size_hint().exact().is_none() => {
            response.map(|body| Watched::new(body, caller, gateway.clone()).boxed_unsync())
        }
        _ => response.map(|body| body.map_err(Into::into).boxed_unsync()),
    }
}
