//! `/oauth/…`: tokens are got, looked at and killed.

mod any_input;
mod introspect;
mod revoke;
mod token;
