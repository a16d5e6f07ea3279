//! `/oauth/authorize`, which there is only to say that there is none. OpenID Discovery §3 demands
//! its address of every issuer, and clients that never go there refuse metadata without it: OpenID
//! clients, and the SDKs of the Model Context Protocol.

use hallpass_core::grant::Refusal;

use super::OAuthError;

/// Tells whoever came here where tokens are.
pub(crate) async fn authorize() -> OAuthError {
    let why = "nobody is sent here to consent: ask for a token at the token endpoint, with \
               grant_type=client_credentials";
    Refusal::InvalidRequest(why).into()
}
