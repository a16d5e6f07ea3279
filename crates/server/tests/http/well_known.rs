//! `/.well-known/…`: what clients and verifiers are told, built from the configuration alone.

mod jwks;
mod metadata;
