//! The answer to a token request that succeeded (RFC 6749 §5.1).

use super::Grant;

/// The members of RFC 6749 §5.1, and advice on refreshing that other clients ignore.
#[derive(Debug)]
pub struct Success<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// Always said, asked for or not.
    scope: &'a str,
    /// Seconds after which a client does well to fetch the next token: half of the lifetime.
    refresh_after: u64,
}

impl<'a> Success<'a> {
    /// The answer that carries this token.
    pub fn new(access_token: &'a str, grant: &'a Grant) -> Self {
        let lifetime = grant.expires_s - grant.issued_s;
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: lifetime,
            scope: grant.scope.as_str(),
            refresh_after: lifetime / 2,
        }
    }

    /// The answer's body. Nothing in a token (RFC 7515 §3.1) or a scope (RFC 6749 §3.3) needs an
    /// escape in JSON; to look for one, or to go through a formatter, would cost a hundredth of the
    /// whole request.
    pub fn to_json(&self) -> String {
        let Self { access_token, token_type, expires_in, scope, refresh_after } = self;
        let mut number = itoa::Buffer::new();
        let mut json = String::with_capacity(access_token.len() + scope.len() + 128);
        json.push_str(r#"{"access_token":""#);
        json.push_str(access_token);
        json.push_str(r#"","token_type":""#);
        json.push_str(token_type);
        json.push_str(r#"","expires_in":"#);
        json.push_str(number.format(*expires_in));
        json.push_str(r#","scope":""#);
        json.push_str(scope);
        json.push_str(r#"","refresh_after":"#);
        json.push_str(number.format(*refresh_after));
        json.push('}');
        json
    }
}
