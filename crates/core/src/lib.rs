//! The issuer's rules: what a credential is, what may be written, and who gets which token.
//! This crate never does I/O, never reads a clock and never makes random numbers: time and
//! entropy come in as arguments, so that every rule is a function that a test can call.

pub mod age;
pub mod api;
pub mod audit;
pub mod base62;
pub mod change;
pub mod credential;
pub mod delivery;
pub mod directory;
pub mod email;
pub mod grant;
pub mod id;
pub mod import;
pub mod installation;
pub mod introspection;
pub mod mutation;
pub mod notice;
pub mod opaque;
pub mod organization;
pub mod passkey;
pub mod permission;
pub mod person;
pub mod ring;
pub mod scopes;
pub mod secret;
pub mod session;
pub mod text;
pub mod time;
pub mod usage;
pub mod vault;
pub mod webhook;

pub use api::Api;
pub use change::{Change, Image};
pub use credential::Credential;
pub use email::Email;
pub use id::{
    ApiId, ClientId, DeliveryId, InvitationId, OrganizationId, PersonId, SecretId, WebhookId,
};
pub use installation::Installation;
pub use mutation::{Conflict, Mutation};
pub use organization::Organization;
pub use person::Person;
pub use scopes::Scopes;
pub use session::Session;
pub use time::Timestamp;
