//! SHA-256 as the database keeps it: in hexadecimal.

use aws_lc_rs::digest::{Digest, SHA256, digest};

/// That of a text.
pub(crate) fn sha256(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()))
}

/// One that is ready.
pub(crate) fn hex(digest: Digest) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
