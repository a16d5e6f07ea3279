//! The dashboard as browsers meet it.

mod assets;
mod errors;
