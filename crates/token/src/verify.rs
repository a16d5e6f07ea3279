//! Whether a token is good for an API at a given time, by its signature and claims alone (RFC
//! 9068 §4). Revocation and scope come after it, on every use of the token; a cached [`Claims`]
//! is checked again by [`check_claims`], since a policy and a clock may have moved.

use crate::{
    Rejection,
    claims::Claims,
    jose::{Algorithm, Jws, KeySet, TokenType, Typ},
    rejection::clip,
};

/// The most that a policy may forgive, in seconds. The issuer keeps a revocation in the feed for
/// this much longer than the last dead token ([`crate::feed::until_s`]): with more leeway a
/// verifier would let a revoked token rise again.
pub const LEEWAY_MAX_S: u64 = 300;

/// What an API demands of a token. Refuses more by default than it must: only `at+jwt`, 30 s.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    issuer: String,
    audiences: Vec<String>,
    accept_jwt_type: bool,
    algorithms: Vec<Algorithm>,
    leeway_s: u64,
}

/// Why a policy would be no protection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPolicy {
    /// RFC 8725 §3.8.
    #[error("the policy names no issuer")]
    NoIssuer,
    /// RFC 8725 §3.9.
    #[error("the policy names no audience, or an empty one")]
    NoAudience,
    /// Nothing could ever pass.
    #[error("the policy allows no algorithm")]
    NoAlgorithm,
    /// See [`LEEWAY_MAX_S`].
    #[error("a leeway of {0} s is over the limit of 300 s")]
    Leeway(u64),
}

impl Policy {
    /// Tokens of `issuer` (exact text) for any of `audiences`.
    ///
    /// # Errors
    /// [`BadPolicy::NoIssuer`] or [`BadPolicy::NoAudience`].
    pub fn new<A: Into<String>>(
        issuer: impl Into<String>,
        audiences: impl IntoIterator<Item = A>,
    ) -> Result<Self, BadPolicy> {
        let (issuer, audiences) = (issuer.into(), audiences.into_iter().map(Into::into));
        let audiences: Vec<String> = audiences.collect();
        if issuer.is_empty() {
            return Err(BadPolicy::NoIssuer);
        }
        if audiences.is_empty() || audiences.iter().any(|one| without_slash(one).is_empty()) {
            return Err(BadPolicy::NoAudience);
        }
        let algorithms = Algorithm::ALL.to_vec();
        Ok(Self { issuer, audiences, accept_jwt_type: false, algorithms, leeway_s: 30 })
    }

    /// Also accepts `typ: JWT`, for issuers that write it into access tokens. This is a knowing
    /// loosening of RFC 9068 §4: nothing but the audience then tells an ID token apart. A token
    /// without `typ` is still refused.
    #[must_use]
    pub fn with_jwt_type(self, accept: bool) -> Self {
        Self { accept_jwt_type: accept, ..self }
    }

    /// Accepts these algorithms only.
    ///
    /// # Errors
    /// [`BadPolicy::NoAlgorithm`] for none.
    pub fn with_algorithms(self, algorithms: &[Algorithm]) -> Result<Self, BadPolicy> {
        if algorithms.is_empty() {
            return Err(BadPolicy::NoAlgorithm);
        }
        Ok(Self { algorithms: algorithms.to_vec(), ..self })
    }

    /// Forgives clocks that are apart by this many seconds; 30 unless set.
    ///
    /// # Errors
    /// [`BadPolicy::Leeway`] over [`LEEWAY_MAX_S`].
    pub fn with_leeway_s(self, leeway_s: u64) -> Result<Self, BadPolicy> {
        if leeway_s > LEEWAY_MAX_S {
            return Err(BadPolicy::Leeway(leeway_s));
        }
        Ok(Self { leeway_s, ..self })
    }

    /// The one issuer whose tokens pass.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audiences of which a token must name one.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// What clocks may be apart, in seconds.
    pub fn leeway_s(&self) -> u64 {
        self.leeway_s
    }

    fn check_header(&self, jws: &Jws<'_>) -> Result<(), Rejection> {
        let header = jws.header();
        if !self.algorithms.contains(&header.algorithm) {
            let names: Vec<_> = self.algorithms.iter().map(|one| one.as_str()).collect();
            return Err(Rejection::WrongAlgorithm {
                expected: names.join(" or "),
                got: header.algorithm.to_string(),
            });
        }
        let got = match &header.typ {
            Typ::Known(TokenType::AtJwt) => return Ok(()),
            Typ::Known(TokenType::Jwt) if self.accept_jwt_type => return Ok(()),
            Typ::Known(TokenType::Jwt) => "JWT".to_owned(),
            Typ::Other(other) => other.clone(),
            Typ::Absent => String::new(),
        };
        let expected = if self.accept_jwt_type { "at+jwt or JWT" } else { "at+jwt" };
        Err(Rejection::WrongType { expected, got })
    }
}

/// A token that passed: its claims, and the key that vouched for them. Revocation needs both.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The `kid` of the key that verified the signature.
    pub kid: String,
    /// What the issuer said.
    pub claims: Claims,
}

/// Checks a token: shape, header, signature, then claims. `now_s` is in Unix seconds.
///
/// # Errors
/// The first [`Rejection`] in that order; [`Rejection::UnknownKey`] is worth another try with
/// fresh keys. A token without `kid` is malformed: guessing a key is not our business.
pub fn verify(
    token: &str,
    keys: &KeySet,
    policy: &Policy,
    now_s: u64,
) -> Result<Verified, Rejection> {
    let jws = Jws::parse(token)?;
    policy.check_header(&jws)?;
    let kid = jws.header().kid.as_deref().ok_or(Rejection::Malformed("the header has no kid"))?;
    let key = keys.find(kid).ok_or_else(|| Rejection::UnknownKey { kid: kid.to_owned() })?;
    jws.verify_signature(key)?;
    let claims = Claims::parse(jws.payload())?;
    check_claims(&claims, policy, now_s)?;
    Ok(Verified { kid: kid.to_owned(), claims })
}

/// Checks what a policy and the time say about verified claims: `iss`, `aud`, `exp`, `nbf`, `iat`.
/// Cheap enough for every use of a cached token. `now_s` is in Unix seconds.
///
/// # Errors
/// The first of [`Rejection::WrongIssuer`], [`Rejection::WrongAudience`], [`Rejection::Expired`]
/// and [`Rejection::NotYetValid`].
pub fn check_claims(claims: &Claims, policy: &Policy, now_s: u64) -> Result<(), Rejection> {
    if claims.iss != policy.issuer {
        let (expected, got) = (policy.issuer.clone(), clip(&claims.iss));
        return Err(Rejection::WrongIssuer { expected, got });
    }
    let meant = |aud: &String| policy.audiences.iter().any(|ours| same_audience(ours, aud));
    if !claims.aud.iter().any(meant) {
        let (expected, got) = (policy.audiences.join(" "), clip(&claims.aud.join(" ")));
        return Err(Rejection::WrongAudience { expected, got });
    }
    let leeway_s = policy.leeway_s;
    if now_s >= claims.exp.saturating_add(leeway_s) {
        return Err(Rejection::Expired { exp: claims.exp, now_s, leeway_s });
    }
    for (claim, at) in [("nbf", claims.nbf.unwrap_or(0)), ("iat", claims.iat)] {
        if at > now_s.saturating_add(leeway_s) {
            return Err(Rejection::NotYetValid { claim, at, now_s, leeway_s });
        }
    }
    Ok(())
}

/// Exact, but for one slash at the end: half of the world writes it, half does not.
fn same_audience(a: &str, b: &str) -> bool {
    without_slash(a) == without_slash(b)
}

fn without_slash(audience: &str) -> &str {
    audience.strip_suffix('/').unwrap_or(audience)
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
