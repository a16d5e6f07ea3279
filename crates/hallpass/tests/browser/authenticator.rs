//! A passkey authenticator that exists only in the browser: it says yes to everything.

use serde_json::{Value, json};

use crate::browser::Browser;

impl Browser {
    /// Plugs one in, such as a phone or a laptop has: it keeps passkeys and checks its user.
    pub(crate) async fn add_authenticator(&self) -> String {
        self.devtools("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        let answer =
            self.devtools("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
        answer["authenticatorId"].as_str().unwrap().to_owned()
    }

    /// Whether somebody touches it whenever it asks.
    pub(crate) async fn touch(&self, authenticator: &str, touches: bool) {
        let params = json!({ "authenticatorId": authenticator, "enabled": touches });
        self.devtools("WebAuthn.setAutomaticPresenceSimulation", params).await;
    }

    /// The passkeys that it holds.
    pub(crate) async fn passkeys(&self, authenticator: &str) -> Vec<Value> {
        let params = json!({ "authenticatorId": authenticator });
        let answer = self.devtools("WebAuthn.getCredentials", params).await;
        answer["credentials"].as_array().unwrap().clone()
    }
}
