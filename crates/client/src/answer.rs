//! Reads what a token endpoint answers (RFC 6749 §5). Pure: bytes in, a typed answer or a cause
//! out. Must never put any part of a body into an error, except the two texts of RFC 6749 §5.2,
//! and of those never the secret.

use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::{Cause, Refusal},
    json,
    secret::Secret,
};

/// What a token is believed to live if the issuer does not say (RFC 6749 §5.1 only recommends
/// `expires_in`): short enough to be safe, long enough to be of use.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(300);
/// Longer lifetimes are cut, so that no clock arithmetic can overflow.
const LONGEST_LIFETIME_S: u64 = 366 * 86_400;
const LONGEST_TEXT: usize = 256;

/// A successful answer (RFC 6749 §5.1), with nothing left to check.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) token: Secret,
    pub(crate) authorization: HeaderValue,
    pub(crate) lifetime: Duration,
    pub(crate) refresh_after: Option<Duration>,
    pub(crate) scope: Option<String>,
}

/// Members of both kinds of answer. Those that other servers get wrong are read as any value, so
/// that the error can name them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    access_token: Option<Secret>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_after: Option<Value>,
    scope: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
}

/// Reads an answer of the token endpoint. `secret` is only cut out of the issuer's texts.
pub(crate) fn read(status: u16, body: &[u8], secret: &Secret) -> Result<Answer, Cause> {
    let members = json::object::<Members>(body);
    let text = |value: &Option<Value>| clean(value.as_ref()?.as_str()?, secret);
    if status == 429 || status >= 500 {
        let description = members.ok().and_then(|m| text(&m.error_description));
        return Err(Cause::Unavailable { status, description });
    }
    let unusable = |reason: String| Cause::Unusable { status, reason };
    let members = match members {
        Ok(members) => members,
        Err(error) if status == 200 => return Err(unusable(not_an_answer(&error, body))),
        Err(_) => return Err(unusable(hint(status).to_owned())),
    };
    if let Some(error) = text(&members.error)
        && (status != 200 || members.access_token.is_none())
    {
        let description = text(&members.error_description);
        return Err(Cause::Refused(Refusal { status, error, description }));
    }
    if status != 200 {
        return Err(unusable(hint(status).to_owned()));
    }
    granted(members).map_err(|reason| unusable(reason.to_owned()))
}

fn granted(members: Members) -> Result<Answer, &'static str> {
    let token = members.access_token.ok_or("`access_token` is missing")?;
    let text = token.expose();
    // RFC 6749 appendix A.12, less the blank, which would end the token in the header.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("`access_token` is empty or holds characters that no header can carry");
    }
    let mut authorization = HeaderValue::try_from(format!("Bearer {text}"))
        .map_err(|_| "`access_token` holds characters that no header can carry")?;
    authorization.set_sensitive(true);
    // RFC 6749 §5.1: case-insensitive, and §7.1: not to be used if not understood.
    match members.token_type {
        Some(kind) if kind.eq_ignore_ascii_case("Bearer") => {}
        Some(_) => return Err("`token_type` is not Bearer, the only type this client can send"),
        None => return Err("`token_type` is missing"),
    }
    let lifetime = match members.expires_in {
        None | Some(Value::Null) => ASSUMED_LIFETIME,
        Some(value) => match seconds(&value) {
            Some(lifetime) if !lifetime.is_zero() => lifetime,
            Some(_) => return Err("`expires_in` is 0: the token is already dead"),
            None => return Err("`expires_in` is not a number of seconds"),
        },
    };
    Ok(Answer {
        authorization,
        lifetime,
        refresh_after: members.refresh_after.as_ref().and_then(seconds),
        scope: members.scope.as_ref().and_then(Value::as_str).map(str::to_owned),
        token,
    })
}

/// Some servers send the number as a string, some as a fraction; both are plain enough.
fn seconds(value: &Value) -> Option<Duration> {
    let whole = match value {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => whole,
            // The cast saturates.
            (None, Some(float)) if float >= 0.0 => float as u64,
            _ => return None,
        },
        _ => return None,
    };
    Some(Duration::from_secs(whole.min(LONGEST_LIFETIME_S)))
}

/// Position and kind only: the message of the parser may quote the body.
fn not_an_answer(error: &serde_json::Error, body: &[u8]) -> String {
    if body.trim_ascii_start().starts_with(b"<") {
        return "the body is a web page, not JSON; is this the token endpoint?".to_owned();
    }
    let kind = if error.is_data() { "of the wrong shape" } else { "not JSON" };
    format!("the body is {kind} (line {}, column {})", error.line(), error.column())
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed, lest the secret go astray; give the final URL",
        404 | 405 => "there is no token endpoint at this URL",
        _ => "the body holds no `error` of RFC 6749 section 5.2; is this the token endpoint?",
    }
}

/// A text of the issuer in the alphabet of RFC 6749 §5.2, bounded, and without our secret.
fn clean(text: &str, secret: &Secret) -> Option<String> {
    let text = match secret.expose() {
        "" => text.to_owned(),
        secret => text.replace(secret, "[secret]"),
    };
    let allowed = |c: &char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    let text: String = text.chars().filter(allowed).take(LONGEST_TEXT).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
