//! What every endpoint needs to know of a request before it looks at its content.

pub mod address;
pub mod limits;
