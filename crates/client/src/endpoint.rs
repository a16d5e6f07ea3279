//! Asks the issuer: finds the token endpoint (RFC 8414) and requests a token (RFC 6749 §4.4.2).
//! One call is one attempt. Must never retry, follow a redirect or read an unbounded body.

use std::{
    fmt::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Client, Response, Url,
    header::{ACCEPT, DATE, HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    answer::{self, Answer},
    builder::AuthStyle,
    error::{Cause, Failure},
    json,
    secret::Secret,
    transport,
};

/// Both answers are a few hundred bytes; this leaves room for the largest tokens in use.
const LONGEST_BODY: usize = 64 * 1024;

/// RFC 6749 appendix B escapes everything but these, and writes a blank as `+`. `%20` means the
/// same to every decoder, and not escaping `_` serves servers that forgot to decode.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// Where tokens come from.
pub(crate) enum Place {
    /// The token endpoint itself.
    Token(Url),
    /// An issuer whose metadata name the token endpoint.
    Issuer {
        issuer: String,
        metadata: Url,
        /// Forgotten after a failure, so that an endpoint that moved is found again.
        found: Mutex<Option<Url>>,
    },
}

/// Everything that a token request needs.
pub(crate) struct Endpoint {
    pub(crate) http: Client,
    pub(crate) place: Place,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) style: AuthStyle,
    /// `scope`, `audience` and `resource`, as far as they were given.
    pub(crate) parameters: Vec<(&'static str, String)>,
}

impl Endpoint {
    /// One attempt to get a token.
    pub(crate) async fn request_token(&self) -> Result<Answer, Failure> {
        let url = match &self.place {
            Place::Token(url) => url.clone(),
            Place::Issuer { issuer, metadata, found } => {
                let known = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match known {
                    Some(url) => url,
                    None => {
                        let url = self.discover(issuer, metadata).await?;
                        self.remember(Some(url.clone()));
                        url
                    }
                }
            }
        };
        let answer = self.request_token_at(&url).await;
        if let Err(failure) = &answer
            && !matches!(failure.cause, Cause::Refused(_))
        {
            self.remember(None);
        }
        answer
    }

    async fn request_token_at(&self, url: &Url) -> Result<Answer, Failure> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.parameters.iter().map(|(name, value)| (*name, value.as_str())));
        let request = self.http.post(url.clone()).header(ACCEPT, "application/json");
        let request = match self.style {
            AuthStyle::Basic => {
                let secret = escape(self.secret.expose());
                request.basic_auth(escape(&self.client_id).as_str(), Some(secret.as_str()))
            }
            AuthStyle::Body => {
                form.push(("client_id", &self.client_id));
                form.push(("client_secret", self.secret.expose()));
                request
            }
        };
        let failed = |cause, retry_after| Failure { at: transport::shown(url), cause, retry_after };
        let response = request.form(&form).send().await;
        let response = response.map_err(|error| failed(unreachable(error), None))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = read_body(response).await.map_err(|cause| failed(cause, retry_after))?;
        answer::read(status, &body, &self.secret).map_err(|cause| failed(cause, retry_after))
    }

    /// Reads the token endpoint out of the issuer's metadata (RFC 8414 §3).
    async fn discover(&self, issuer: &str, metadata: &Url) -> Result<Url, Failure> {
        let failed =
            |cause, retry_after| Failure { at: transport::shown(metadata), cause, retry_after };
        let response = self.http.get(metadata.clone()).header(ACCEPT, "application/json").send();
        let response = response.await.map_err(|error| failed(unreachable(error), None))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = read_body(response).await.map_err(|cause| failed(cause, retry_after))?;
        token_endpoint(status, &body, issuer, metadata).map_err(|cause| failed(cause, retry_after))
    }

    fn remember(&self, url: Option<Url>) {
        if let Place::Issuer { found, .. } = &self.place {
            *found.lock().unwrap_or_else(PoisonError::into_inner) = url;
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: Option<String>,
}

fn token_endpoint(status: u16, body: &[u8], issuer: &str, metadata: &Url) -> Result<Url, Cause> {
    if status == 429 || status >= 500 {
        return Err(Cause::Unavailable { status, description: None });
    }
    let unusable = |reason: &str| Cause::Unusable { status, reason: reason.to_owned() };
    if status != 200 {
        return Err(unusable("no metadata at this URL; check the issuer"));
    }
    let document = json::object::<Metadata>(body)
        .map_err(|_| unusable("the body is not the metadata document of RFC 8414"))?;
    // RFC 8414 §3.3: identical, to the character.
    if document.issuer != issuer {
        let found: String =
            document.issuer.chars().filter(char::is_ascii_graphic).take(256).collect();
        return Err(Cause::WrongIssuer { wanted: issuer.to_owned(), found });
    }
    let url = document.token_endpoint.as_deref().map(Url::parse);
    let Some(Ok(url)) = url else {
        return Err(unusable("the metadata name no token endpoint, or not by a URL"));
    };
    // Metadata from the network must not point the secret at a service of this machine.
    let allowed = transport::is_safe(&url)
        && (transport::is_loopback(metadata) || !transport::is_loopback(&url));
    if !allowed || !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("the metadata name a token endpoint that no secret may be sent to"));
    }
    Ok(url)
}

fn escape(text: &str) -> Zeroizing<String> {
    Zeroizing::new(utf8_percent_encode(text, ESCAPED).to_string())
}

/// The innermost causes tell most («connection refused»); the URL is said elsewhere.
fn unreachable(error: reqwest::Error) -> Cause {
    if error.is_timeout() {
        return Cause::Unreachable("no answer in time".to_owned());
    }
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut inner = std::error::Error::source(&error);
    while let Some(error) = inner {
        // Writing to a string cannot fail.
        let _ = write!(reason, ": {error}");
        inner = error.source();
    }
    Cause::Unreachable(reason)
}

async fn read_body(mut response: Response) -> Result<Zeroizing<Vec<u8>>, Cause> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LONGEST_BODY {
            let status = response.status().as_u16();
            let reason = format!("the body is longer than {LONGEST_BODY} bytes");
            return Err(Cause::Unusable { status, reason });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// RFC 9110 §10.2.3: seconds, or a date, which is compared with the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = headers.get(DATE)?.to_str().ok()?;
    let until = httpdate::parse_http_date(value).ok()?;
    until.duration_since(httpdate::parse_http_date(date).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_escaped_as_rfc_6749_appendix_b_says() {
        for (text, escaped) in [
            ("hps_Az09", "hps_Az09"),
            ("a b", "a%20b"),
            ("a+b", "a%2Bb"),
            (" %&+£€", "%20%25%26%2B%C2%A3%E2%82%AC"), // The example of the appendix.
            ("a:b", "a%3Ab"),
        ] {
            assert_eq!(*escape(text), escaped);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (value, date, wanted_s) in [
            ("120", None, Some(120)),
            (" 7 ", None, Some(7)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(date), Some(60)),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(date), None), // Past.
            ("Sun, 06 Nov 1994 08:50:37 GMT", None, None),
            ("-1", Some(date), None),
            ("soon", Some(date), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            assert_eq!(retry_after(&headers), wanted_s.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn metadata_are_believed_only_about_their_own_issuer() {
        let issuer = "https://auth.example.com";
        let found = |status: u16, body: String| {
            let metadata = Url::parse(issuer).unwrap();
            token_endpoint(status, body.as_bytes(), issuer, &metadata).map(String::from)
        };
        let document = |issuer: &str, endpoint: &str| {
            format!(r#"{{"issuer":"{issuer}","token_endpoint":"{endpoint}","other":[]}}"#)
        };
        let good = "https://tokens.example.com/t";
        assert_eq!(found(200, document(issuer, good)).as_deref(), Ok(good));
        for (status, body, told) in [
            (200, document("https://auth.example.com/", good), "describes the issuer"),
            (200, document("https://evil.example.com", good), "describes the issuer"),
            (200, document(issuer, "http://auth.example.com/t"), "no secret may be sent to"),
            (200, document(issuer, "http://127.0.0.1/t"), "no secret may be sent to"),
            (200, document(issuer, "https://localhost/t"), "no secret may be sent to"),
            (200, document(issuer, "https://u:p@auth.example.com/t"), "no secret may be sent to"),
            (200, document(issuer, "/oauth/token"), "name no token endpoint"),
            (200, format!(r#"{{"issuer":"{issuer}"}}"#), "name no token endpoint"),
            (200, "<html>".to_owned(), "not the metadata document"),
            (404, String::new(), "no metadata at this URL"),
            (301, String::new(), "no metadata at this URL"),
            (503, String::new(), "is unavailable (status 503)"),
            (429, String::new(), "is unavailable (status 429)"),
        ] {
            let error = found(status, body.clone()).unwrap_err().to_string();
            assert!(error.contains(told), "{status} {body}: {error}");
        }
    }
}
