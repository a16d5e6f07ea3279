//! Hallpass over HTTP, and what it keeps warm in memory. Holds the store as `Arc<dyn Store>`
//! and knows no database; reads no environment and no configuration file.

pub mod app;
mod audit_check;
mod cached;
pub mod clock;
pub mod config;
pub mod dashboard;
mod edge;
pub mod entropy;
pub mod feed;
mod feed_http;
pub mod first_start;
mod foreign_secrets;
pub mod health;
pub mod housekeeping;
pub mod key_ring;
pub mod listener;
pub mod live_directory;
pub mod mail;
pub mod management;
mod management_api;
pub mod metrics;
pub mod notices;
mod oauth;
mod ops;
pub mod passwords;
mod presence;
pub mod readers;
pub mod rotation;
pub mod routes;
pub mod sign_on;
mod trace;
pub mod usage;
pub mod web;

pub use self::{
    app::App,
    config::{BadConfig, Config},
    listener::Server,
    live_directory::{LiveDirectory, LoadError},
    management_api::openapi,
};
