//! What the browser vouches for: which site asked for what (§5.8.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{NoPasskey, Site};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

impl ClientData {
    /// Members that later versions add are passed over.
    pub(super) fn read(json: &[u8]) -> Result<Self, NoPasskey> {
        serde_json::from_slice(json).map_err(|_| NoPasskey::Malformed("client data"))
    }

    pub(super) fn check(
        &self,
        kind: &str,
        challenge: &[u8],
        site: Site<'_>,
    ) -> Result<(), NoPasskey> {
        if self.kind != kind {
            return Err(NoPasskey::Other("purpose"));
        }
        if self.challenge != URL_SAFE_NO_PAD.encode(challenge) {
            return Err(NoPasskey::Other("challenge"));
        }
        // Nobody embeds our pages, so nobody asks from within another site.
        if self.origin != site.origin || self.cross_origin {
            return Err(NoPasskey::Other("origin"));
        }
        Ok(())
    }
}
