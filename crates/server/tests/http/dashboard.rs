//! The dashboard as browsers meet it.

mod account;
mod assets;
mod audit;
mod compression;
mod credentials;
mod errors;
mod foreign;
mod invitations;
mod leaks;
mod links;
mod notices;
mod operators;
mod organizations;
mod passkeys;
mod set_up;
mod sign_in;
mod sign_on;
mod visitor;
