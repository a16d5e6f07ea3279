//! The token endpoint's decision (RFC 6749 §4.4), in the order of its files: parameters, login,
//! request, authentication, decision, response; and every way to be refused.

pub mod authenticate;
pub mod decide;
pub mod login;
pub mod params;
pub mod refusal;
pub mod request;
pub mod response;
#[cfg(test)]
mod tests;

pub use self::{
    authenticate::{Authenticated, authenticate, authenticate_proven, foreign},
    decide::{Grant, decide},
    login::Login,
    params::Params,
    refusal::{Refusal, Unproven, WhyNot},
    request::Request,
    response::Success,
};
