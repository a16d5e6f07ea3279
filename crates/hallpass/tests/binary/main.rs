//! The real binary as operators and clients meet it: whole journeys, and what must hold when
//! processes die, disks fill up and people mistype. Nothing here sleeps or leaves this machine,
//! and only processes that a test started are ever ended.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod backup;
mod collector;
mod commands;
mod conformance;
mod copying;
mod crash;
mod demo;
mod full_disk;
mod gateway;
mod guarded_api;
mod import;
mod journey;
mod keys;
mod leaks;
mod limits;
mod logs;
mod master_key;
mod mistakes;
mod node;
mod parity;
mod place;
mod planted;
mod postgres;
mod process;
mod quiet;
mod schema;
mod second_writer;
mod settings;
mod shutdown;
mod stream;
mod supervised;
mod traces;
mod traffic;
