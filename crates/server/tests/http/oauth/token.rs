//! `POST /oauth/token`.

mod addresses;
mod claims;
mod forms;
mod guessing;
mod imported;
mod mistakes;
mod outage;
mod refusals;
mod targets;
mod wild;
