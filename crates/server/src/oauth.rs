//! The OAuth endpoints. Each handler reads the request, asks the core, and gives the answer its
//! HTTP shape; no rule is made here.

mod authorize;
mod call;
mod error;
mod introspect;
mod jwks;
mod metadata;
mod revoke;
mod token;

pub(crate) use self::{
    authorize::authorize,
    call::Call,
    error::OAuthError,
    introspect::introspect,
    jwks::jwks,
    metadata::{authorization_server, openid_configuration},
    revoke::revoke,
    token::{issue, issue_arrived},
};
