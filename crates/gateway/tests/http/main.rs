//! The gateway over real HTTP on loopback: asked as each proxy asks it, or in front of a real API,
//! with an issuer whose feed kills. Nothing here sleeps or leaves this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod attacks;
mod direct;
mod issuer;
mod operators;
mod questions;
mod reload;
mod upstream;
mod world;
