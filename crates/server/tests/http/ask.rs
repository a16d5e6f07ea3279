//! What a test asks, and what it is answered. Every answer is checked here for what must hold
//! whatever was asked; a test then looks only at what is its own.

use axum::body::Body;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::Value;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Ask {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    /// A token request.
    pub(crate) fn token() -> Self {
        Self::post("/oauth/token")
    }

    /// Adds a header; one of the same name stays.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn basic(self, login: (&str, &str)) -> Self {
        let (id, secret) = login;
        let token = STANDARD.encode(format!("{id}:{secret}"));
        self.header("authorization", &format!("Basic {token}"))
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    pub(crate) fn form(self, body: impl Into<Bytes>) -> Self {
        self.body(FORM, body)
    }

    pub(crate) fn json(self, body: impl Into<Bytes>) -> Self {
        self.body(JSON, body)
    }

    /// The path instead of the endpoint's own.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        request
    }
}

/// An answer that has everything that every answer must have.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Checks what holds for all answers to `method`.
    pub(crate) fn checked(
        method: &Method,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let answer = Self { status, headers, body };
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            assert_ne!(answer.header("location"), "", "{answer:?}");
            assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
            return answer;
        }
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer:?}");
        if status == StatusCode::NO_CONTENT {
            assert!(answer.body.is_empty() && answer.header("content-type").is_empty());
            return answer;
        }
        if *method != Method::HEAD && status != StatusCode::NOT_MODIFIED {
            assert!(!answer.body.is_empty(), "an empty body: {answer:?}");
        }
        let kind = answer.header("content-type");
        let known = [
            JSON,
            PROBLEM,
            "text/event-stream",
            "application/openmetrics-text",
            "application/token-introspection+jwt",
            "text/csv; charset=utf-8",
            "text/html; charset=utf-8",
            "text/plain; charset=utf-8",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
            "image/svg+xml",
            "text/csv; charset=utf-8",
            "application/x-ndjson",
        ];
        assert!(known.iter().any(|known| kind.starts_with(known)), "{answer:?}");
        match status {
            StatusCode::UNAUTHORIZED => {
                let challenge = answer.header("www-authenticate");
                let scheme = if answer.is_problem() { "Bearer" } else { "Basic" };
                assert!(challenge.starts_with(&format!("{scheme} realm=")), "{challenge}");
            }
            StatusCode::METHOD_NOT_ALLOWED => assert_ne!(answer.header("allow"), ""),
            StatusCode::TOO_MANY_REQUESTS => assert_ne!(answer.header("retry-after"), ""),
            _ => {}
        }
        if status.as_u16() >= 400 && *method != Method::HEAD {
            answer.check_error();
        }
        answer
    }

    fn check_error(&self) {
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        if self.is_page() {
            assert!(self.text().contains("<h1>"), "{self:?}");
            return;
        }
        let body = self.value();
        if self.is_problem() {
            assert_eq!(body["status"], self.status.as_u16());
            let kind = body["type"].as_str().unwrap();
            assert!(kind.ends_with(&format!("#{}", body["code"].as_str().unwrap())), "{kind}");
            assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
            return;
        }
        // What load balancers ask is not an OAuth endpoint.
        if body.get("status").is_some() {
            return;
        }
        let members: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error", "error_description"]);
        let legal = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        for member in ["error", "error_description"] {
            let text = body[member].as_str().unwrap();
            assert!(!text.is_empty() && text.bytes().all(legal), "{text}");
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_ne!(self.header("retry-after"), "");
        }
    }

    /// The header's value; empty if there is none, and a failure if there are two.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut all = self.headers.get_all(name).iter();
        let value = all.next().map_or("", |value| value.to_str().unwrap());
        assert!(all.next().is_none(), "two headers {name}");
        value
    }

    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    fn is_problem(&self) -> bool {
        self.header("content-type") == PROBLEM
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The `error` member.
    pub(crate) fn code(&self) -> String {
        self.value()["error"].as_str().unwrap_or("no error").to_owned()
    }

    /// The `error_description` member.
    pub(crate) fn description(&self) -> String {
        self.value()["error_description"].as_str().unwrap().to_owned()
    }

    /// Status and code, as tables have them.
    pub(crate) fn outcome(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }

    /// The token of a success.
    pub(crate) fn token(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.value()["access_token"].as_str().unwrap().to_owned()
    }

    /// The body with its token, which must look like one, taken out.
    pub(crate) fn redacted_body(&self) -> String {
        let token = self.token();
        assert_eq!(token.split('.').count(), 3);
        self.text().replace(&token, "[jwt]")
    }
}

/// What a token says of itself, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
