//! How a refusal looks over HTTP (RFC 6750 §3). The one place that maps a [`Rejection`] to a
//! status code and a `WWW-Authenticate` header; it never repeats anything that the caller sent.

use hallpass_token::Rejection;
use http::{HeaderValue, Response, StatusCode, header};

/// What `Retry-After` says while the trouble is ours, in seconds.
const RETRY_AFTER_S: u64 = 5;

/// What an API says about itself in its challenges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Challenge<'a> {
    /// The protection space (RFC 9110 §11.5). Characters that do not fit are left out.
    pub realm: Option<&'a str>,
    /// The scopes that the resource asks for, with blanks between.
    pub scope: Option<&'a str>,
    /// Where the API says who issues its tokens (RFC 9728 §5.1).
    pub resource_metadata: Option<&'a str>,
}

impl Challenge<'_> {
    /// The whole answer. The body is JSON and never empty, since popular clients fail on an
    /// empty one.
    pub fn response<B: From<String>>(&self, rejection: &Rejection) -> Response<B> {
        let status = status(rejection);
        let mut response = Response::new(B::from(body(rejection)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        } else {
            let challenge = HeaderValue::from_str(&self.header(rejection));
            // Only characters that fit a header get in, so the way out is never taken.
            let challenge = challenge.unwrap_or(HeaderValue::from_static("Bearer"));
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The value of `WWW-Authenticate`.
    fn header(&self, rejection: &Rejection) -> String {
        let mut params = Vec::new();
        let mut param = |name: &str, value: &str| {
            let value: String = value.chars().filter(|c| fits(*c)).collect();
            params.push(format!("{name}=\"{value}\""));
        };
        if let Some(realm) = self.realm {
            param("realm", realm);
        }
        if let Some(code) = rejection.code() {
            param("error", code);
            param("error_description", rejection.description());
        }
        let scope = match rejection {
            Rejection::InsufficientScope { required } => Some(required.as_str()),
            _ => self.scope,
        };
        if let Some(scope) = scope {
            param("scope", scope);
        }
        if let Some(url) = self.resource_metadata {
            param("resource_metadata", url);
        }
        match params.is_empty() {
            true => "Bearer".to_owned(),
            false => format!("Bearer {}", params.join(", ")),
        }
    }
}

/// RFC 6750 §3.1; 503 while the trouble is ours.
fn status(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::InvalidRequest(_) => StatusCode::BAD_REQUEST,
        Rejection::InsufficientScope { .. } => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    }
}

fn body(rejection: &Rejection) -> String {
    let error = rejection.code().unwrap_or(match rejection {
        Rejection::Unavailable(_) => "temporarily_unavailable",
        _ => "missing_token",
    });
    // Neither text has a character that JSON escapes.
    format!(r#"{{"error":"{error}","error_description":"{}"}}"#, rejection.description())
}

/// RFC 6750 §3: what may stand in `error_description`; a realm keeps to it as well.
fn fits(c: char) -> bool {
    matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')
}

#[cfg(test)]
mod tests {
    use hallpass_token::revocation::Death;

    use super::*;

    #[test]
    fn refusals_look_as_rfc_6750_section_3_says() {
        let challenge =
            Challenge { realm: Some("books"), scope: Some("books:read"), ..Challenge::default() };
        let required = || "books:write".to_owned();
        for (rejection, status, authenticate) in [
            (Rejection::NoToken, 401, r#"Bearer realm="books", scope="books:read""#),
            (Rejection::OtherScheme, 401, r#"Bearer realm="books", scope="books:read""#),
            (
                Rejection::InvalidRequest("two headers"),
                400,
                r#"Bearer realm="books", error="invalid_request", error_description="The Authorization header is malformed", scope="books:read""#,
            ),
            (
                Rejection::Revoked(Death::Credential),
                401,
                r#"Bearer realm="books", error="invalid_token", error_description="The access token has been revoked", scope="books:read""#,
            ),
            (
                Rejection::InsufficientScope { required: required() },
                403,
                r#"Bearer realm="books", error="insufficient_scope", error_description="The access token lacks a required scope", scope="books:write""#,
            ),
        ] {
            let response: Response<String> = challenge.response(&rejection);
            assert_eq!(response.status(), status, "{rejection}");
            assert_eq!(response.headers()["www-authenticate"], authenticate);
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert!(response.body().starts_with(r#"{"error":""#), "{}", response.body());
        }
    }

    #[test]
    fn a_challenge_names_the_metadata_of_the_resource() {
        let resource_metadata = Some("https://a.example/.well-known/oauth-protected-resource");
        let challenge = Challenge { realm: Some("a"), resource_metadata, ..Challenge::default() };
        for rejection in [Rejection::NoToken, Rejection::BadSignature] {
            let response: Response<String> = challenge.response(&rejection);
            let authenticate = response.headers()["www-authenticate"].to_str().unwrap();
            let named =
                r#", resource_metadata="https://a.example/.well-known/oauth-protected-resource""#;
            assert!(
                authenticate.starts_with("Bearer ") && authenticate.ends_with(named),
                "{authenticate}"
            );
        }
    }

    #[test]
    fn our_own_trouble_is_a_503_without_a_challenge() {
        let rejection = Rejection::Unavailable("no keys yet");
        let response: Response<String> = Challenge::default().response(&rejection);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert!(!response.headers().contains_key("www-authenticate"));
        assert_eq!(
            response.body(),
            r#"{"error":"temporarily_unavailable","error_description":"Access tokens cannot be verified right now"}"#
        );
    }

    #[test]
    fn nothing_can_break_out_of_a_challenge() {
        let required = "a\" evil=\"\r\nset-cookie: x\\é".to_owned();
        let challenge = Challenge { realm: Some("r\"\r\n\\ealm"), ..Challenge::default() };
        let response: Response<String> =
            challenge.response(&Rejection::InsufficientScope { required });
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Bearer realm="realm", error="insufficient_scope", error_description="The access token lacks a required scope", scope="a evil=set-cookie: x""#
        );
        let bare: Response<String> = Challenge::default().response(&Rejection::NoToken);
        assert_eq!(bare.headers()["www-authenticate"], "Bearer");
    }
}
