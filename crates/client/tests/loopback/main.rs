//! The client against real HTTP on loopback. Time is moved by hand; nothing here ever sleeps, and
//! nothing leaves this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod calling;
mod failing;
mod fetching;
mod refreshing;
mod server;
