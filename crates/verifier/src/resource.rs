//! What an API says about itself (RFC 9728), so that whoever has no token finds out where to get
//! one. It is public, and never says anything of a request or of a credential.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use pin_project_lite::pin_project;
use serde::Serialize;
use tower_layer::Layer;
use tower_service::Service;

/// RFC 9728 §3: it stands between the host and the path of the resource.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document of one API, and where it belongs. Cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResourceMetadata(Arc<Document>);

#[derive(Debug, Eq, PartialEq)]
struct Document {
    url: String,
    path: String,
    json: String,
}

/// The members of RFC 9728 §2 that an API of Hallpass has.
#[derive(Serialize)]
struct Members<'a> {
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'static str; 1],
}

impl ResourceMetadata {
    /// For the API `resource`, which is the audience of its tokens. `None` unless that is an http
    /// or https URL without query and fragment: only such a one has a place for the document.
    pub fn new(resource: &str, issuer: &str, scopes: &[String]) -> Option<Self> {
        let uri: Uri = resource.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let has_place = matches!(scheme, "https" | "http")
            && !resource.contains(['?', '#'])
            && !authority.as_str().contains('@');
        if !has_place {
            return None;
        }
        // RFC 9728 §3.1: a slash that only ends the host is left out.
        let own = Some(uri.path()).filter(|path| *path != "/").unwrap_or_default();
        let path = format!("{WELL_KNOWN}{own}");
        let members = Members {
            resource,
            authorization_servers: [issuer],
            scopes_supported: scopes,
            bearer_methods_supported: ["header"],
        };
        let json = serde_json::to_string(&members).ok()?;
        Some(Self(Arc::new(Document { url: format!("{scheme}://{authority}{path}"), path, json })))
    }

    /// Where the document is read, as challenges name it.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The path of [`url`](Self::url): what the API has to answer.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The document.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// The answer to a request for the document. Pages of any origin may read it.
    pub fn response<B: From<String>>(&self, method: &Method) -> Response<B> {
        let is_known = matches!(*method, Method::GET | Method::HEAD);
        let body = if is_known { self.0.json.clone() } else { String::new() };
        let mut response = Response::new(B::from(body));
        let headers = response.headers_mut();
        if is_known {
            let fixed = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "public, max-age=3600"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        } else {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        }
        response
    }

    /// A tower layer that answers requests for the document, and hands all others on. It belongs
    /// around the whole API, outside of what asks for tokens.
    pub fn layer(&self) -> ServeMetadata {
        ServeMetadata(self.clone())
    }
}

/// Answers requests for the metadata document. Made by [`ResourceMetadata::layer`].
#[derive(Clone, Debug)]
pub struct ServeMetadata(ResourceMetadata);

impl<S> Layer<S> for ServeMetadata {
    type Service = WithMetadata<S>;

    fn layer(&self, inner: S) -> WithMetadata<S> {
        WithMetadata { inner, metadata: self.0.clone() }
    }
}

/// A service behind [`ServeMetadata`].
#[derive(Clone, Debug)]
pub struct WithMetadata<S> {
    inner: S,
    metadata: ResourceMetadata,
}

impl<S, B, R> Service<Request<B>> for WithMetadata<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = MetadataFuture<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path() == self.metadata.path() {
            let answer = Some(self.metadata.response(request.method()));
            return MetadataFuture { answer, passed: None };
        }
        MetadataFuture { answer: None, passed: Some(self.inner.call(request)) }
    }
}

pin_project! {
    /// The answer of [`WithMetadata`].
    pub struct MetadataFuture<F, R> {
        // The document, if it was asked for.
        answer: Option<Response<R>>,
        #[pin]
        passed: Option<F>,
    }
}

impl<F, R, E> Future for MetadataFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(response) = this.answer.take() {
            return Poll::Ready(Ok(response));
        }
        match this.passed.as_pin_mut() {
            Some(passed) => passed.poll(context),
            // A finished future is not polled again.
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://auth.example.com";

    #[test]
    fn the_document_is_where_rfc_9728_section_3_1_puts_it() {
        for (resource, url) in [
            ("https://a.example", Some("https://a.example/.well-known/oauth-protected-resource")),
            ("https://a.example/", Some("https://a.example/.well-known/oauth-protected-resource")),
            (
                "https://a.example/v1/books",
                Some("https://a.example/.well-known/oauth-protected-resource/v1/books"),
            ),
            (
                "https://a.example:8443/v1/",
                Some("https://a.example:8443/.well-known/oauth-protected-resource/v1/"),
            ),
            (
                "http://127.0.0.1:8430",
                Some("http://127.0.0.1:8430/.well-known/oauth-protected-resource"),
            ),
            ("urn:books", None),
            ("books", None),
            ("ftp://a.example", None),
            ("https://a.example/?tenant=1", None),
            ("https://a.example/#part", None),
            ("https://user@a.example/", None),
        ] {
            let metadata = ResourceMetadata::new(resource, ISSUER, &[]);
            assert_eq!(metadata.as_ref().map(ResourceMetadata::url), url, "{resource}");
            let whole = metadata.map(|m| m.url().ends_with(m.path()) && m.path().starts_with('/'));
            assert_eq!(whole, url.map(|_| true));
        }
    }

    #[test]
    fn the_document_has_the_members_of_rfc_9728_section_2() {
        let scopes = ["books:read".to_owned(), "books:write".to_owned()];
        let metadata = ResourceMetadata::new("https://a.example/v1", ISSUER, &scopes).unwrap();
        assert_eq!(
            metadata.json(),
            r#"{"resource":"https://a.example/v1","authorization_servers":["https://auth.example.com"],"scopes_supported":["books:read","books:write"],"bearer_methods_supported":["header"]}"#
        );
        let bare = ResourceMetadata::new("https://a.example", ISSUER, &[]).unwrap();
        assert!(!bare.json().contains("scopes_supported"), "{}", bare.json());
    }

    #[test]
    fn the_document_is_only_read() {
        let metadata = ResourceMetadata::new("https://a.example", ISSUER, &[]).unwrap();
        for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::POST, 405)] {
            let response: Response<String> = metadata.response(&method);
            assert_eq!(response.status(), status, "{method}");
            assert_eq!(response.headers().contains_key("allow"), status == 405, "{method}");
        }
    }
}
