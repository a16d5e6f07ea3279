//! What a proxy asks: may this request pass? Each proxy describes the request in its own way, at a
//! path of its own, and only that one way is read there: a header that another proxy would set
//! comes from the caller here, who would choose the rule by it.

use hallpass_verifier::Rejection;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use crate::path::{BadPath, Path};

/// How a proxy describes the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    /// nginx, by headers that its file sets: `X-Original-Method`, `-URI`, `-Host`.
    Original,
    /// Caddy and Traefik: `X-Forwarded-Method`, `-Uri`, `-Host`.
    Forwarded,
    /// Envoy: by the request itself, below a prefix.
    Itself,
}

/// Where questions are asked.
const PLACES: [(&str, Dialect); 2] =
    [("/nginx", Dialect::Original), ("/forward-auth", Dialect::Forwarded)];

/// What Envoy puts before the path of the request.
const PREFIX: &str = "/ext-authz";

/// A request, as far as the rules look at it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) host: Option<String>,
    pub(crate) path: Result<Path, BadPath>,
    pub(crate) authorization: Result<Option<HeaderValue>, Rejection>,
}

/// Why a question is none. The proxy is at fault, or whoever pretends to be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BadQuestion {
    #[error("the proxy does not say which request it asks about: header {0} is missing")]
    Missing(&'static str),
    #[error("header {0} came twice: the proxy lets the caller's own one through")]
    Twice(&'static str),
    #[error("header {0} cannot be read")]
    Unreadable(&'static str),
}

impl Dialect {
    /// The one that is spoken at this path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        if let Some((_, dialect)) = PLACES.iter().find(|(place, _)| *place == path) {
            return Some(*dialect);
        }
        let below = path.strip_prefix(PREFIX)?;
        (below.is_empty() || below.starts_with('/')).then_some(Self::Itself)
    }

    /// The headers with method, target and host.
    fn names(self) -> Option<[&'static str; 3]> {
        match self {
            Self::Original => Some(["x-original-method", "x-original-uri", "x-original-host"]),
            Self::Forwarded => Some(["x-forwarded-method", "x-forwarded-uri", "x-forwarded-host"]),
            Self::Itself => None,
        }
    }
}

impl Question {
    /// What is asked in this dialect.
    pub(crate) fn read<B>(dialect: Dialect, request: &Request<B>) -> Result<Self, BadQuestion> {
        let Some([method, target, host]) = dialect.names() else {
            let target = request.uri().path_and_query().map_or("", |target| target.as_str());
            let target = target.strip_prefix(PREFIX).unwrap_or(target);
            // Without a path behind the prefix, the root is meant.
            let target = if target.starts_with('/') { target } else { "/" };
            return Ok(Self::about(request, target));
        };
        let headers = request.headers();
        let text = one(headers, method)?.ok_or(BadQuestion::Missing(method))?;
        let is_method = text.as_bytes().iter().all(u8::is_ascii_graphic);
        let method = Method::from_bytes(text.as_bytes())
            .ok()
            .filter(|_| is_method)
            .ok_or(BadQuestion::Unreadable(method))?;
        let path = match one(headers, target)?.ok_or(BadQuestion::Missing(target))?.to_str() {
            Ok(target) => Path::parse(target),
            Err(_) => Err(BadPath::Encoding),
        };
        let host = one(headers, host)?.and_then(|host| host.to_str().ok()).map(str::to_owned);
        Ok(Self { method, host, path, authorization: authorization(headers) })
    }

    /// The request itself.
    pub(crate) fn about<B>(request: &Request<B>, target: &str) -> Self {
        let authority = request.uri().authority().map(|authority| authority.as_str());
        let host = || request.headers().get(header::HOST)?.to_str().ok();
        Self {
            method: request.method().clone(),
            host: authority.or_else(host).map(str::to_owned),
            path: Path::parse(target),
            authorization: authorization(request.headers()),
        }
    }
}

fn one<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<Option<&'a HeaderValue>, BadQuestion> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(BadQuestion::Twice(name));
    }
    Ok(first)
}

/// The only `Authorization` header (RFC 6750 §2: one method per request, once).
fn authorization(headers: &HeaderMap) -> Result<Option<HeaderValue>, Rejection> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Rejection::InvalidRequest("more than one Authorization header"));
    }
    Ok(first.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, headers: &[(&str, &str)]) -> Result<(String, String, String), String> {
        let mut request = Request::builder().method("PUT").uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let dialect = Dialect::at(request.uri().path()).ok_or("no dialect")?;
        let asked = Question::read(dialect, &request).map_err(|why| why.to_string())?;
        let path = asked.path.map_err(|why| why.to_string())?.segments().join("/");
        Ok((asked.method.to_string(), path, asked.host.unwrap_or_default()))
    }

    #[test]
    fn each_proxy_is_read_in_its_own_way_and_in_no_other() {
        let original =
            [("x-original-method", "GET"), ("x-original-uri", "/a?b"), ("x-original-host", "h")];
        let forwarded = [
            ("x-forwarded-method", "POST"),
            ("x-forwarded-uri", "/c"),
            ("x-forwarded-host", "i:80"),
        ];
        let both = [original, forwarded].concat();
        for (uri, headers, wanted) in [
            ("/nginx", &both[..], Ok(("GET", "a", "h"))),
            ("/nginx", &original[..2], Ok(("GET", "a", ""))),
            ("/forward-auth", &both, Ok(("POST", "c", "i:80"))),
            ("/ext-authz/v1/books?q=/x", &both, Ok(("PUT", "v1/books", ""))),
            ("/ext-authz/v1", &[("host", "j")], Ok(("PUT", "v1", "j"))),
            ("/ext-authz", &[], Ok(("PUT", "", ""))),
            ("/ext-authz?q", &[], Ok(("PUT", "", ""))),
            ("/ext-authz/a/../b", &[], Err("segment of dots")),
            ("/ext-authzz", &[], Err("no dialect")),
            ("/nginx/", &original, Err("no dialect")),
            ("/", &both, Err("no dialect")),
            ("/nginx", &forwarded, Err("header x-original-method is missing")),
            ("/nginx", &original[..1], Err("header x-original-uri is missing")),
            ("/forward-auth", &original, Err("header x-forwarded-method is missing")),
            (
                "/nginx",
                &[original[0], original[1], ("X-Original-URI", "/open")],
                Err("header x-original-uri came twice"),
            ),
            (
                "/nginx",
                &[("x-original-method", "G T"), original[1]],
                Err("header x-original-method cannot be read"),
            ),
        ] {
            let got = asked(uri, headers);
            match wanted {
                Ok((method, path, host)) => {
                    assert_eq!(got, Ok((method.into(), path.into(), host.into())), "{uri}");
                }
                Err(says) => assert!(got.as_ref().is_err_and(|why| why.contains(says)), "{got:?}"),
            }
        }
    }
}
