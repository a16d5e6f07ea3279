//! What is answered to a request, and by which part: metadata of the APIs, health, proxies'
//! questions, or the request itself where the gateway stands in front of the API.

use std::net::SocketAddr;

use hallpass_verifier::Challenge;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use tracing::{debug, info, warn};

use crate::{
    admin,
    answer::{Body, Refusal, full},
    direct, ext_authz,
    gateway::{Admitted, Gateway, Refused},
    identity,
    question::{Dialect, Question},
};

/// Answers one request of the main listener.
pub(crate) async fn answer(
    gateway: &Gateway,
    upstream: Option<&direct::Client>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    if let Some(metadata) = gateway.metadata_at(request.uri().path()) {
        return metadata.response::<String>(request.method()).map(full);
    }
    match upstream {
        Some(client) => direct::answer(gateway, client, peer, request).await,
        None if request.uri().path() == ext_authz::CHECK && is_trusted(gateway, peer) => {
            ext_authz::answer(gateway, request).await
        }
        None => asked(gateway, peer, &request).await,
    }
}

/// Answers a proxy's question.
async fn asked<B>(gateway: &Gateway, peer: SocketAddr, request: &Request<B>) -> Response<Body> {
    if !is_trusted(gateway, peer) {
        warn!(%peer, "Somebody asks who is not in trusted_proxies");
        return refuse(gateway, &Refusal::Stranger, &Challenge::default());
    }
    if let Some(response) = admin::health(gateway, request) {
        return response;
    }
    let Some(dialect) = Dialect::at(request.uri().path()) else {
        return refuse(gateway, &Refusal::NothingHere, &Challenge::default());
    };
    let question = match Question::read(dialect, request) {
        Ok(question) => question,
        Err(bad) => {
            warn!(%peer, "A question cannot be answered: {bad}");
            return refuse(gateway, &Refusal::Question(bad), &Challenge::default());
        }
    };
    match decide(gateway, question).await {
        Ok(admitted) => {
            let mut response = Response::new(full(""));
            *response.headers_mut() = admitted.headers;
            identity::complete(response.headers_mut());
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, no_store);
            response
        }
        Err(response) => response,
    }
}

/// Whether whoever calls is one of the proxies.
pub(crate) fn is_trusted(gateway: &Gateway, peer: SocketAddr) -> bool {
    // A dual-stack socket shows IPv4 callers as ::ffff:a.b.c.d.
    let address = peer.ip().to_canonical();
    gateway.settings().trusted_proxies.iter().any(|net| net.contains(&address))
}

/// Decides, counts and logs; a refusal is an answer already.
pub(crate) async fn decide(
    gateway: &Gateway,
    question: Question,
) -> Result<Admitted, Response<Body>> {
    let method = question.method.clone();
    match gateway.decide(question).await {
        Ok(admitted) => {
            gateway.metrics().admit(admitted.caller.is_none());
            debug!(%method, "Let through");
            Ok(admitted)
        }
        Err(refused) => {
            let Refused { refusal, .. } = &*refused;
            // What is wrong with a token, the verifier has logged.
            if !matches!(refusal, Refusal::Token(_)) {
                info!(reason = refusal.reason(), ?refusal, "Refused a request");
            }
            Err(refuse(gateway, refusal, &refused.challenge()))
        }
    }
}

/// Counts a refusal and makes its answer.
pub(crate) fn refuse(
    gateway: &Gateway,
    refusal: &Refusal,
    challenge: &Challenge<'_>,
) -> Response<Body> {
    gateway.metrics().refuse(refusal);
    refusal.response(challenge)
}
