//! The token decision: which API, which scopes, until when.

use std::sync::Arc;

use hallpass_token::claims::Minted;

use super::{Authenticated, Refusal, Request, WhyNot};
use crate::{Api, OrganizationId, Scopes, Timestamp, credential::Generation, directory::Catalog};

/// A decision to issue a token.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The API that the token is for.
    pub api: Arc<Api>,
    /// What the token allows there.
    pub scope: Arc<Scopes>,
    /// The `org` claim.
    pub organization_id: OrganizationId,
    /// The `gen` claim.
    pub generation: Generation,
    /// The `iat` claim, in Unix seconds, rounded down.
    pub issued_s: u64,
    /// The `exp` claim, in Unix seconds.
    pub expires_s: u64,
    /// When the secret (or the whole credential) ends, if ever.
    pub ends_at: Option<Timestamp>,
}

impl Grant {
    /// The token's claims (RFC 9068 §2.2), as the JSON that is signed. `jti` is the token's own id.
    pub fn payload(&self, issuer: &str, client_id: &str, jti: &str) -> Vec<u8> {
        let mut payload = Vec::new();
        Minted {
            iss: issuer,
            aud: self.api.audience.as_str(),
            sub: client_id,
            client_id,
            iat: self.issued_s,
            exp: self.expires_s,
            jti,
            scope: self.scope.as_str(),
            generation: Some(self.generation),
            organization: Some(self.organization_id.as_str()),
        }
        .write_json(&mut payload);
        payload
    }
}

/// Decides a token request. No clock, no randomness, no I/O: same inputs, same answer.
pub fn decide(
    request: &Request<'_>,
    client: &Authenticated,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let (api, granted) = target(request, client, catalog)?;
    // An API that drops a scope drops it from everybody's tokens.
    let granted = if granted.is_subset(&api.scopes) {
        granted.clone()
    } else {
        Arc::new(granted.intersection(&api.scopes))
    };
    let scope = match &request.scope {
        None => granted,
        Some(asked) if asked == granted.as_ref() => granted,
        Some(asked) if asked.is_subset(&granted) => Arc::new(asked.clone()),
        Some(_) => {
            return Err(Refusal::InvalidScope { allowed: Scopes::clone(&granted) });
        }
    };
    let issued_s = now.as_secs();
    // A token does not outlive what it was minted with.
    let end_s = client.ends_at.map_or(u64::MAX, Timestamp::as_secs);
    let expires_s = (issued_s + api.token_lifetime_s).min(end_s);
    if expires_s <= issued_s {
        // The end is less than a second away.
        let end = client.ends_at.unwrap_or(now);
        return Err(Refusal::InvalidClient(WhyNot::Expired(end)));
    }
    Ok(Grant {
        api: api.clone(),
        scope,
        organization_id: client.organization_id.clone(),
        generation: client.generation,
        issued_s,
        expires_s,
        ends_at: client.ends_at,
    })
}

/// The API that is meant: the one named, or the credential's first.
fn target<'c>(
    request: &Request<'_>,
    client: &'c Authenticated,
    catalog: &'c Catalog,
) -> Result<(&'c Arc<Api>, &'c Arc<Scopes>), Refusal> {
    let granted = match request.audience {
        None => client.grants.first(),
        Some(audience) => catalog
            .by_audience(audience)
            .and_then(|slot| client.grants.iter().find(|grant| grant.api == slot)),
    };
    granted.and_then(|grant| Some((catalog.api(grant.api)?, &grant.scopes))).ok_or_else(|| {
        let apis = client.grants.iter().filter_map(|grant| catalog.api(grant.api));
        Refusal::InvalidTarget { allowed: apis.map(|api| api.audience.to_string()).collect() }
    })
}
