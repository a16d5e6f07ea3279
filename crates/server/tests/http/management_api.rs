//! The management API over HTTP, as programs meet it.

mod access;
mod audit;
mod away;
mod credentials;
mod foreign;
mod input;
mod installation;
mod leaks;
mod notices;
mod once;
mod pages;
mod people;
pub(crate) mod program;
mod reference;
mod routes;
mod secrets;
mod traffic;
mod versions;
mod watching;
