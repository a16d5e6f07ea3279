//! Token introspection (RFC 7662) and revocation (RFC 7009): what a client may learn of a token,
//! and which token it may kill. Signature and death are checked by the caller before.

use hallpass_token::{claims::Claims, jose::Algorithm};
use serde::Serialize;

use crate::{
    directory::Catalog,
    grant::{Authenticated, Refusal},
};

/// The answer of RFC 7662 §2.2. Everything that is not valid, for whatever reason, looks the same.
#[derive(Debug, Default, Serialize)]
pub struct Introspection<'a> {
    /// Whether the token is alive, and for the asking API.
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'a str>,
}

impl<'a> Introspection<'a> {
    /// What to tell of a token whose signature, dates and revocation have been checked.
    pub fn of_live_token(claims: &'a Claims) -> Self {
        Self {
            active: true,
            scope: Some(claims.scope.as_str()),
            client_id: Some(&claims.client_id),
            token_type: Some("Bearer"),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            sub: Some(&claims.sub),
            aud: Some(&claims.aud),
            iss: Some(&claims.iss),
            jti: Some(&claims.jti),
            org: claims.organization.as_deref(),
        }
    }
}

/// The answer as a JWT (RFC 9701 §5), to whom the asking client can hold the issuer. It has neither
/// `sub` nor `exp`, so that nobody takes it for an access token.
#[derive(Debug, Serialize)]
pub struct SignedIntrospection<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The client that asked.
    pub aud: &'a str,
    /// When it was asked, in Unix seconds.
    pub iat: u64,
    /// What it was told.
    pub token_introspection: Introspection<'a>,
}

/// Lets only an API's own credential ask at all.
pub fn may_introspect(client: &Authenticated) -> Result<(), Refusal> {
    if client.introspects.is_empty() {
        return Err(Refusal::UnauthorizedClient(
            "only an API's own credential may introspect tokens (credential add --introspects)",
        ));
    }
    Ok(())
}

/// What the answer is signed with: what the tokens of the asking API are.
pub fn algorithm(client: &Authenticated, catalog: &Catalog) -> Algorithm {
    let mut apis = client.introspects.iter().filter_map(|slot| catalog.api(*slot));
    apis.next().map_or(Algorithm::Es256, |api| api.algorithm)
}

/// The audiences of the APIs that the asking client speaks for: about other tokens it learns
/// nothing.
pub fn audiences(client: &Authenticated, catalog: &Catalog) -> Vec<String> {
    let apis = client.introspects.iter().filter_map(|slot| catalog.api(*slot));
    apis.map(|api| api.audience.to_string()).collect()
}

/// A client may kill its own tokens only (RFC 7009 §2.1).
pub fn may_revoke(client_id: &str, claims: &Claims) -> Result<(), Refusal> {
    if claims.client_id == client_id {
        return Ok(());
    }
    Err(Refusal::UnauthorizedClient("this token was issued to another client"))
}
