//! The limit of a token endpoint in this language on this machine: a bare hyper server that finds
//! one secret in memory, signs one token and answers. It reads no parameters, counts nothing,
//! logs nothing, knows no errors, and keeps neither time limits nor order: whatever the real
//! server does beyond this is what a real server costs.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use anyhow::{Result, anyhow};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use hallpass_token::{
    claims::Minted,
    jose::{Algorithm, Jwks, SigningKey},
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::TcpListener;

use crate::{
    child,
    node::{self, Ready},
    population,
};

const BODY_BEGINS: &str = r#"{"access_token":""#;

/// What the limit holds in memory.
struct Limit {
    pepper: hmac::Key,
    digests: HashMap<String, hmac::Tag>,
    key: EcdsaKeyPair,
    /// Encoded header, a dot, and the encoded payload.
    signing_input: String,
    body_ends: String,
}

/// In a child: answers until standard input ends.
pub(crate) fn run() -> Result<()> {
    child::runtime()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let issuer = format!("http://{address}");
        let (limit, jwks) = Limit::new(&issuer)?;
        child::say(&Ready { address, issuer, jwks })?;
        tokio::spawn(serve(listener, Arc::new(limit)));
        child::orders().recv().await;
        Ok(())
    })
}

async fn serve(listener: TcpListener, limit: Arc<Limit>) -> Result<()> {
    let builder = Arc::new(auto::Builder::new(TokioExecutor::new()));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (builder, limit) = (builder.clone(), limit.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let limit = limit.clone();
                async move { limit.answer(request).await }
            });
            // Connections end when the load generator has had enough.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Limit {
    fn new(issuer: &str) -> Result<(Self, Jwks)> {
        let (key, pkcs8) = SigningKey::generate(Algorithm::Es256)?;
        let client_id = population::client_id(0);
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]);
        let digest = hmac::sign(&pepper, population::secret(0).expose().as_bytes());
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, key.kid());
        let mut payload = Vec::new();
        let iat = node::now().as_secs();
        // The claims of the real server, so that as many bytes are signed and sent.
        Minted {
            iss: issuer,
            aud: population::AUDIENCE,
            sub: client_id.as_str(),
            client_id: client_id.as_str(),
            iat,
            exp: iat + 86_400,
            jti: "0123456789012345678901",
            scope: population::SCOPE,
            generation: Some(1),
            organization: Some("org_0000000000000000000000"),
        }
        .write_json(&mut payload);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let limit = Self {
            pepper,
            digests: HashMap::from([(client_id.to_string(), digest)]),
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
                .map_err(|_| anyhow!("the key does not open"))?,
            signing_input: format!("{}.{}", encode(header.as_bytes()), encode(&payload)),
            body_ends: format!(
                r#"","token_type":"Bearer","expires_in":86400,"scope":"{}","refresh_after":43200}}"#,
                population::SCOPE
            ),
        };
        Ok((limit, Jwks { keys: vec![key.public_jwk()] }))
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let answer = match (self.proves(&head.headers), body.collect().await) {
            (Some(()), Ok(_)) => self.token().map(found),
            _ => None,
        };
        Ok(answer.unwrap_or_else(|| {
            let mut refused = Response::default();
            *refused.status_mut() = StatusCode::UNAUTHORIZED;
            refused
        }))
    }

    /// Compares the digest of the presented secret with the one in memory, in constant time.
    fn proves(&self, headers: &http::HeaderMap) -> Option<()> {
        let basic = headers.get(header::AUTHORIZATION)?.as_bytes().strip_prefix(b"Basic ")?;
        let login = STANDARD.decode(basic).ok()?;
        let (id, secret) = std::str::from_utf8(&login).ok()?.split_once(':')?;
        let digest = self.digests.get(id)?;
        hmac::verify(&self.pepper, secret.as_bytes(), digest.as_ref()).ok()
    }

    /// The answer's body with a token signed for this request.
    fn token(&self) -> Option<String> {
        let len = BODY_BEGINS.len() + self.signing_input.len() + 87 + self.body_ends.len();
        let mut body = String::with_capacity(len);
        body.push_str(BODY_BEGINS);
        body.push_str(&self.signing_input);
        let message = &body.as_bytes()[BODY_BEGINS.len()..];
        let signature = self.key.sign(&SystemRandom::new(), message).ok()?;
        body.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut body);
        body.push_str(&self.body_ends);
        Some(body)
    }
}

/// The headers of the real answer.
fn found(body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    let id = HeaderName::from_static("x-request-id");
    headers.insert(id, HeaderValue::from_static("0123456789abcdef"));
    response
}
