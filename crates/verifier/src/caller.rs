//! Who calls: the verified claims of a token, for the handlers of an API. A [`Caller`] is made by
//! the verifier alone, and says nothing about whether the token is still alive a moment later.

use std::{fmt, sync::Arc};

use hallpass_token::{
    Rejection,
    claims::Claims,
    revocation::{Handle, Presented},
    verify::Verified,
};

/// The credential on whose behalf a request came. Cheap to clone.
///
/// With the feature `axum` it is an extractor behind [`RequireToken`](crate::RequireToken).
#[derive(Clone)]
pub struct Caller(Arc<Vouched>);

/// Verified claims, with what the revocation feed may call the token.
struct Vouched {
    claims: Claims,
    kid: String,
    client: Handle,
    jti: Handle,
    organization: Option<Handle>,
}

impl Caller {
    pub(crate) fn new(verified: Verified) -> Self {
        let Verified { kid, claims } = verified;
        let Presented { client, jti, organization, .. } = Presented::of(&claims, &kid);
        Self(Arc::new(Vouched { claims, kid, client, jti, organization }))
    }

    /// The credential that fetched the token.
    pub fn client_id(&self) -> &str {
        &self.0.claims.client_id
    }

    /// The organization that owns the credential, if the issuer says.
    pub fn organization(&self) -> Option<&str> {
        self.0.claims.organization.as_deref()
    }

    /// The granted scopes.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.claims.scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether `scope` is among the granted ones. Case matters.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.claims.has_scope(scope)
    }

    /// Demands a scope, for rules that are finer than a route.
    ///
    /// # Errors
    /// [`Rejection::InsufficientScope`].
    pub fn require_scope(&self, scope: &str) -> Result<(), Rejection> {
        if self.has_scope(scope) {
            return Ok(());
        }
        Err(Rejection::InsufficientScope { required: scope.to_owned() })
    }

    /// The token's own name, `jti`: fit for logs, useless to thieves.
    pub fn token_id(&self) -> &str {
        &self.0.claims.jti
    }

    /// All claims.
    pub fn claims(&self) -> &Claims {
        &self.0.claims
    }

    /// What the revocation feed may name.
    pub(crate) fn presented(&self) -> Presented<'_> {
        Presented {
            client: self.0.client,
            jti: self.0.jti,
            kid: &self.0.kid,
            generation: self.0.claims.generation,
            organization: self.0.organization,
            iat_s: self.0.claims.iat,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("client_id", &self.client_id())
            .field("organization", &self.organization())
            .field("scope", &self.0.claims.scope)
            .field("token_id", &self.token_id())
            .finish_non_exhaustive()
    }
}
