//! Reads the JSON objects of issuers and credentials files. Its errors may quote what was read, so
//! they must never be shown: only their position and kind may.

use serde::de::{DeserializeOwned, Error as _};

/// Reads an object. Serde alone would also take an array with the members in order.
pub(crate) fn object<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(serde_json::Error::custom("an array"));
    }
    serde_json::from_slice(text)
}
