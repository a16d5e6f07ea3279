//! Hallpass over HTTP as its users meet it: modules mirror the URLs. Nothing here ever sleeps or
//! leaves this machine, and no answer is looked at before `Answer` has checked what holds for all.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod ask;
mod authenticator;
mod browser;
mod dashboard;
mod filling;
mod listener;
mod mail;
mod management;
mod management_api;
mod node;
mod oauth;
mod openapi;
mod ops;
mod people;
mod revocations;
mod shipped;
mod unsteady_store;
mod well_known;
mod wire;
