//! A token request (RFC 6749 §4.4.2 with RFC 8707): read, not yet decided.

use smallvec::SmallVec;

use super::{Login, Params, Refusal};
use crate::{Scopes, api};

/// What a client asks for. The result of [`parse`] needs no further syntax checks.
#[derive(Debug)]
pub struct Request<'a> {
    /// Who says to be asking.
    pub login: Login<'a>,
    /// The scopes asked for; `None` for all that the credential has.
    pub scope: Option<Scopes>,
    /// The audience asked for; `None` for the default.
    pub audience: Option<&'a str>,
}

/// Reads the parameters of RFC 6749 §4.4.2.
///
/// # Errors
/// [`Refusal::InvalidRequest`] and its kin for whatever has not the form of a token request.
pub fn parse<'a>(
    authorization: Option<&[u8]>,
    params: &'a Params<'_>,
) -> Result<Request<'a>, Refusal> {
    params.refuse_repeats()?;
    match params.at_most_once("grant_type")? {
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::UnsupportedGrantType),
        // Some documented APIs promise that Basic with an empty body is enough.
        None if params.is_empty() && authorization.is_some() => {}
        None => {
            return Err(Refusal::InvalidRequest(
                "grant_type is missing: send grant_type=client_credentials in the body",
            ));
        }
    }
    let login = Login::exactly_one(authorization, params)?;
    let scope = match params.at_most_once("scope")? {
        Some(text) => Some(text.parse().map_err(|_| Refusal::MalformedScope)?),
        None => None,
    };
    Ok(Request { login, scope, audience: audience(params)? })
}

/// The one audience that `resource` and its older twin `audience` name.
fn audience<'a>(params: &'a Params<'_>) -> Result<Option<&'a str>, Refusal> {
    let mut named: SmallVec<[&str; 1]> = params.all("resource")?;
    named.extend(params.at_most_once("audience")?);
    let Some(first) = named.first().copied() else { return Ok(None) };
    if named.iter().any(|other| api::comparable(other) != api::comparable(first)) {
        return Err(Refusal::SeveralTargets);
    }
    Ok(Some(first))
}
