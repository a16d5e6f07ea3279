//! The answer to a token request that succeeded (RFC 6749 §5.1).

use serde::Serialize;

use super::Grant;

/// The members of RFC 6749 §5.1, and advice on refreshing that other clients ignore.
#[derive(Debug, Serialize)]
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
}
