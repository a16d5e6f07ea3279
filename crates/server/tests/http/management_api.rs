//! The management API over HTTP, as programs meet it.

mod access;
mod audit;
mod credentials;
mod input;
mod installation;
mod leaks;
mod once;
mod pages;
mod program;
mod reference;
mod secrets;
mod versions;
