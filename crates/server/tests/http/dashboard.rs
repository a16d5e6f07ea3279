//! The dashboard as browsers meet it.

mod account;
mod assets;
mod credentials;
mod errors;
mod invitations;
mod links;
mod passkeys;
mod set_up;
mod sign_in;
mod visitor;
