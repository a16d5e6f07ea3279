//! Rows are documents: the JSON that core's serde writes. An error of reading one names the row
//! and must never quote it.

use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// The document of a value.
pub(crate) fn write<T: Serialize>(value: &T, row: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged(row, place(&error)))
}

/// The value of a document. `row` names it in the error.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    row: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged(row(), place(&error)))
}

/// Where a document breaks. Serde's own message may quote the document.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a member is missing or of another type",
        _ => "it is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use hallpass_core::Organization;

    use super::*;

    #[test]
    fn a_damaged_document_is_named_and_not_quoted() {
        for (text, why) in [
            ("{\"id\": 1234567}", "a member is missing or of another type, at line 1 column 14"),
            ("1234567 8", "a member is missing or of another type, at line 1 column 7"),
            ("{\"id\": \"1234567", "it is not JSON, at line 1 column 15"),
            ("", "it is not JSON, at line 1 column 0"),
        ] {
            let read = read::<Organization>(text, || "organization org_x".to_owned());
            assert_eq!(read, Err(StoreError::damaged("organization org_x", why)), "{text}");
        }
    }
}
