//! The client secret in the clear. It is never printed, cloned or serialized, and what is held of
//! it here is wiped when dropped (copies inside the HTTP library are out of our reach).

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

/// A client secret (RFC 6749 §2.3.1). `Debug` prints nothing of it.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text as it is: nothing is trimmed, because blanks may belong to it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The one reader of the clear text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
