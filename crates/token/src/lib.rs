//! What an issuer and a verifier of Hallpass tokens must agree on: signatures, claims, why a
//! token is refused, and the revocation feed. It never does I/O, never reads a clock and never
//! knows an HTTP status: time, keys and bytes come in as arguments.
//!
//! ```
//! use hallpass_token::{claims::Minted, jose, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (key, _pkcs8) = jose::SigningKey::generate(jose::Algorithm::Es256)?;
//! let mut payload = Vec::new();
//! Minted {
//!     iss: "https://issuer.example",
//!     aud: "https://api.example",
//!     sub: "reports",
//!     client_id: "reports",
//!     iat: 1_764_000_000,
//!     exp: 1_764_086_400,
//!     jti: "1f0c",
//!     scope: "books:read",
//!     generation: Some(1),
//!     organization: None,
//! }
//! .write_json(&mut payload);
//! let token = key.sign(jose::TokenType::AtJwt, &payload)?;
//!
//! let keys = jose::KeySet::from_keys([key.public_jwk()])?;
//! let policy = verify::Policy::new("https://issuer.example", ["https://api.example"])?;
//! let verified = verify::verify(&token, &keys, &policy, 1_764_000_060)?;
//! assert!(verified.claims.has_scope("books:read"));
//! # Ok(())
//! # }
//! ```

pub mod bearer;
pub mod claims;
pub mod feed;
#[cfg(test)]
mod fixture;
pub mod jose;
mod json;
pub mod rejection;
pub mod revocation;
pub mod verify;

pub use rejection::Rejection;
