//! Client authentication as it is presented (RFC 6749 §2.3): read, not yet checked.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Params, Refusal, Unproven, params};
use crate::secret::Secret;

/// By which way the login came: it decides how a refusal is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Via {
    /// The Authorization header (`client_secret_basic`).
    Basic,
    /// The body (`client_secret_post`).
    Body,
}

/// A client id and a secret that somebody claims belong together.
#[derive(Debug)]
pub struct Login<'a> {
    /// The client id as presented: any text.
    pub client_id: Cow<'a, str>,
    /// The secret as presented: any text.
    pub secret: Secret,
    /// The secret as it stood in the header, if decoding made another one of it: there are
    /// libraries that forget to encode. Secrets of ours read the same either way; imported ones may
    /// hold anything.
    pub undecoded: Option<Secret>,
    /// Whether the secret was not encoded as it must be, and was taken as it stood.
    pub is_broken: bool,
    /// How it came.
    pub via: Via,
}

const MALFORMED_BASIC: Refusal = Refusal::InvalidRequest(
    "the Authorization header is not HTTP Basic: it must be Basic and the base64 of \
     client_id:client_secret, each percent-encoded (RFC 6749, section 2.3.1)",
);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl<'a> Login<'a> {
    /// Finds the one login of a request. Two at once are refused even if both are right (§2.3);
    /// a `client_id` in the body beside Basic must agree with it.
    pub fn exactly_one(
        authorization: Option<&[u8]>,
        params: &'a Params<'_>,
    ) -> Result<Self, Refusal> {
        let client_id = params.at_most_once("client_id")?;
        let secret = params.at_most_once("client_secret")?;
        let assertion = params.at_most_once("client_assertion")?.is_some()
            || params.at_most_once("client_assertion_type")?.is_some();
        let methods = [authorization.is_some(), secret.is_some(), assertion];
        if methods.iter().filter(|used| **used).count() > 1 {
            return Err(Refusal::InvalidRequest(
                "more than one client authentication method: use either HTTP Basic or the body",
            ));
        }
        if assertion {
            return Err(Refusal::UnauthorizedClient(
                "client assertions are not supported here: authenticate with client_secret",
            ));
        }
        if let Some(header) = authorization {
            let login = Self::from_basic(header)?;
            if client_id.is_some_and(|id| id != login.client_id) {
                return Err(Refusal::InvalidRequest(
                    "client_id in the body differs from the one in the Authorization header",
                ));
            }
            return Ok(login);
        }
        match (client_id, secret) {
            (Some(id), Some(secret)) => Ok(Self {
                client_id: Cow::Borrowed(id),
                secret: Secret::presented(secret.to_owned()),
                undecoded: None,
                is_broken: false,
                via: Via::Body,
            }),
            (None, Some(_)) => Err(Refusal::InvalidRequest(
                "client_secret came without client_id: send both in the body, or both by HTTP \
                 Basic",
            )),
            _ => Err(Refusal::Unproven(Unproven::Missing)),
        }
    }

    /// Reads an Authorization header. Id and secret are form-decoded once after the base64
    /// (§2.3.1, Appendix B); a secret that cannot be is taken as it stands.
    fn from_basic(header: &[u8]) -> Result<Login<'static>, Refusal> {
        let header = std::str::from_utf8(header).map_err(|_| MALFORMED_BASIC)?;
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::InvalidRequest(
                "a Bearer token cannot authenticate a client here: send client_id and \
                 client_secret by HTTP Basic or in the body",
            ));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(MALFORMED_BASIC);
        }
        let decoded = BASE64.decode(token.trim()).map_err(|_| MALFORMED_BASIC)?;
        let decoded = zeroize::Zeroizing::new(decoded);
        let text = std::str::from_utf8(&decoded).map_err(|_| MALFORMED_BASIC)?;
        let (id, secret) = text.split_once(':').ok_or(MALFORMED_BASIC)?;
        let id = params::decode(id).ok_or(MALFORMED_BASIC)?;
        let as_it_stood = || Secret::presented(secret.to_owned());
        let decoded = params::decode(secret);
        let is_broken = decoded.is_none();
        let is_other = decoded.as_ref().is_some_and(|decoded| decoded != secret);
        Ok(Login {
            client_id: Cow::Owned(id.into_owned()),
            undecoded: is_other.then(as_it_stood),
            secret: decoded.map_or_else(as_it_stood, |text| Secret::presented(text.into_owned())),
            is_broken,
            via: Via::Basic,
        })
    }

    /// Every reading of what was presented as the secret.
    pub fn readings(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.secret).chain(&self.undecoded)
    }
}
