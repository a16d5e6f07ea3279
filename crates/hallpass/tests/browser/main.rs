//! Whole journeys in a real Chromium. Each test starts a browser and a server of its own, on ports
//! that the system gives, and `look` checks every page that it is told to look at: in both themes
//! and at two widths, with axe, for errors in the console, for anything that sticks out, and for its
//! weight.
//!
//! Without chromedriver on the path the tests say so and do nothing; `HALLPASS_BROWSER=required`,
//! which `cargo xtask test` sets, makes that a failure. `HALLPASS_SCREENSHOTS=DIR` keeps a
//! picture of every page; `cargo xtask screenshots` sets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod authenticator;
mod browser;
mod comfort;
mod credentials;
mod errors;
mod first_token;
mod gallery;
mod installation;
mod leaks;
mod look;
mod many;
mod pages;
mod people;
mod program;
mod provider;
mod sign_on;
mod site;
