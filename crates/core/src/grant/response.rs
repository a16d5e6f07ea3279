//! The answer to a token request that succeeded (RFC 6749 §5.1).

use std::fmt::Write as _;

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
    /// escape in JSON, and to look for one would cost a hundredth of the whole request.
    pub fn to_json(&self) -> String {
        let Self { access_token, token_type, expires_in, scope, refresh_after } = self;
        let mut json = String::with_capacity(access_token.len() + scope.len() + 128);
        // Writing into memory does not fail.
        let _ = write!(
            json,
            r#"{{"access_token":"{access_token}","token_type":"{token_type}","expires_in":{expires_in},"scope":"{scope}","refresh_after":{refresh_after}}}"#
        );
        json
    }
}
