//! The verifier as an API uses it: over real HTTP on loopback, in front of a real API, with an
//! issuer that can misbehave in every way that a network or a stranger can think of. The time that
//! tokens and feed are judged by is the tests' own; nothing here sleeps or leaves this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod answers;
mod api;
mod feed;
mod freshness;
mod issuer;
mod keys;
mod mistakes;
mod other_issuers;
mod revocation;
mod saved;
mod trouble;
