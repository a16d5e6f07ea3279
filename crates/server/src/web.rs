//! What every endpoint needs to know of a request before it looks at its content.

pub(crate) mod address;
pub(crate) mod arrival;
pub(crate) mod limits;
