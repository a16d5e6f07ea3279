//! How a decision looks over HTTP. The one place that knows status codes; it never repeats what a
//! caller sent. What concerns the token is said as RFC 6750 wants it, by the verifier.

use bytes::Bytes;
use hallpass_verifier::{Challenge, Rejection};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

use crate::{path::BadPath, question::BadQuestion};

/// Whatever goes wrong while an answer is on its way.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// What nginx can make an answer of, since it drops the body of ours.
const ERROR: HeaderName = HeaderName::from_static("x-hallpass-error");
const DESCRIPTION: HeaderName = HeaderName::from_static("x-hallpass-error-description");

/// Why a request does not get through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    Token(Rejection),
    Path(BadPath),
    /// Several servers would read the path as several routes.
    PathByCase,
    NoRoute,
    Question(BadQuestion),
    /// Not one of the proxies that may ask.
    Stranger,
    NothingHere,
    /// The token names its caller in a way that no header can carry.
    NoHeader,
    UpstreamAway,
    UpstreamSlow,
}

impl Refusal {
    /// A short stable word for metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Path(_) | Self::PathByCase => "path",
            Self::NoRoute => "no_route",
            Self::Question(_) => "question",
            Self::Stranger => "stranger",
            Self::NothingHere => "nothing_here",
            Self::NoHeader => "no_header",
            Self::UpstreamAway => "upstream_away",
            Self::UpstreamSlow => "upstream_slow",
        }
    }

    /// The answer. A challenge is made for refusals of tokens alone.
    pub(crate) fn response(&self, challenge: &Challenge<'_>) -> Response<Body> {
        if let Self::Token(rejection) = self {
            let mut response: Response<String> = challenge.response(rejection);
            let (error, description) = (code(rejection), rejection.description());
            insert(response.headers_mut(), error, description);
            return response.map(|text| full(text.into_bytes()));
        }
        let (status, error, description) = self.words();
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        let mut response = Response::new(full(body.into_bytes()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status.is_server_error() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        insert(headers, error, &description);
        response
    }

    fn words(&self) -> (StatusCode, &'static str, String) {
        let (status, error, text) = match self {
            Self::Token(rejection) => {
                (StatusCode::UNAUTHORIZED, "invalid_token", rejection.description())
            }
            Self::Path(bad) => {
                let text = format!("Refused, since servers read such a path differently: {bad}");
                return (StatusCode::BAD_REQUEST, "invalid_request", text);
            }
            Self::PathByCase => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Refused, since servers read such a path differently: another rule has it in \
                 letters of another case",
            ),
            Self::NoRoute => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "No rule of the gateway lets this method and path through",
            ),
            Self::Question(bad) => {
                return (StatusCode::BAD_REQUEST, "server_error", bad.to_string());
            }
            Self::Stranger => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "Only the proxies in trusted_proxies may ask the gateway",
            ),
            Self::NothingHere => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Proxies ask at /nginx, /forward-auth, below /ext-authz, or over gRPC",
            ),
            Self::NoHeader => (
                StatusCode::SERVICE_UNAVAILABLE,
                "server_error",
                "The caller has a name that no header can carry",
            ),
            Self::UpstreamAway => (
                StatusCode::BAD_GATEWAY,
                "bad_gateway",
                "The API behind the gateway cannot be reached",
            ),
            Self::UpstreamSlow => (
                StatusCode::GATEWAY_TIMEOUT,
                "gateway_timeout",
                "The API behind the gateway did not answer in time",
            ),
        };
        (status, error, text.to_owned())
    }
}

/// As the body of the verifier's answer has it.
fn code(rejection: &Rejection) -> &'static str {
    rejection.code().unwrap_or(match rejection {
        Rejection::Unavailable(_) => "temporarily_unavailable",
        _ => "missing_token",
    })
}

fn insert(headers: &mut http::HeaderMap, error: &'static str, description: &str) {
    headers.insert(ERROR, HeaderValue::from_static(error));
    if let Ok(description) = HeaderValue::from_str(description) {
        headers.insert(DESCRIPTION, description);
    }
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_breaks_out_of_a_header_or_of_json() {
        use BadPath::{
            Character, Dots, EmptySegment, Encoding, HiddenSlash, NotAPath, Semicolon, TooLong,
            TwiceEncoded,
        };
        let paths = [
            NotAPath,
            TooLong,
            Encoding,
            EmptySegment,
            Dots,
            HiddenSlash,
            Semicolon,
            Character,
            TwiceEncoded,
        ];
        let mut refusals: Vec<_> = paths.map(Refusal::Path).into();
        refusals.extend([
            Refusal::Token(Rejection::NoToken),
            Refusal::PathByCase,
            Refusal::NoRoute,
            Refusal::Question(BadQuestion::Missing("x-original-uri")),
            Refusal::Question(BadQuestion::Twice("x-original-uri")),
            Refusal::Question(BadQuestion::Unreadable("x-original-uri")),
            Refusal::Stranger,
            Refusal::NothingHere,
            Refusal::NoHeader,
            Refusal::UpstreamAway,
            Refusal::UpstreamSlow,
        ]);
        for refusal in refusals {
            let (_, error, text) = refusal.words();
            let plain = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(error.bytes().chain(text.bytes()).all(plain), "{error}: {text}");
            let response = refusal.response(&Challenge::default());
            assert!(response.status().as_u16() >= 400);
            assert!(response.headers().contains_key("x-hallpass-error-description"), "{text}");
            let challenged = response.headers().contains_key("www-authenticate");
            assert_eq!(challenged, matches!(refusal, Refusal::Token(_)), "{text}");
        }
    }
}
