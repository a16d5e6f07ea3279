//! What a browser and an authenticator say of a passkey, checked: the relying party's steps of
//! W3C Web Authentication, level 3, without attestation. No clock, no randomness, no I/O; whoever
//! asks brings the challenge, and sees to it that it is used once.

mod authenticator;
mod cbor;
mod client;
mod key;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use self::{authenticator::Data, cbor::Value, client::ClientData, key::PublicKey};

/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 32;

/// The signature algorithms that are taken, by their COSE numbers, the best first.
pub const ALGORITHMS: [i64; 3] = [key::ES256, key::EDDSA, key::RS256];

/// Longest credential id, in bytes (§5.8.3).
const ID_AT_MOST: usize = 1023;

/// Why a passkey is not taken. For the log: people are told that it did not work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoPasskey {
    /// Not what a browser sends.
    #[error("the browser's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// For another challenge, another site, or another purpose.
    #[error("the answer is for another {0}")]
    Other(&'static str),
    /// Nobody was there, or they did not prove who they are to the authenticator.
    #[error("the authenticator did not verify its owner")]
    NotVerified,
    /// A kind of key that is not taken.
    #[error("the key is of a kind that is not taken")]
    UnknownAlgorithm,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    BadSignature,
    /// The counter went back: there may be a copy of the key.
    #[error("the authenticator's counter went back; there may be a copy of it")]
    CounterWentBack,
}

/// The site that passkeys are for.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The host's name, as the authenticator knows the site.
    pub id: &'a str,
    /// Scheme, host and port, as the browser knows it.
    pub origin: &'a str,
}

/// What the browser sends for a new passkey: `PublicKeyCredential`, in base64url.
#[derive(Clone, Debug, Deserialize)]
pub struct Registration {
    /// What the browser signed off.
    pub client_data: String,
    /// What the authenticator made.
    pub attestation: String,
}

/// What the browser sends to sign in.
#[derive(Clone, Debug, Deserialize)]
pub struct Assertion {
    /// Which passkey.
    pub id: String,
    /// What the browser signed off.
    pub client_data: String,
    /// What the authenticator signed, beside that.
    pub authenticator_data: String,
    /// Its signature over both.
    pub signature: String,
    /// Whose the authenticator thinks that it is.
    #[serde(default)]
    pub user_handle: Option<String>,
}

/// What is kept of a passkey.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PasskeyState {
    /// The public key, as COSE writes it, in base64url.
    key: String,
    /// How often it has signed; always 0 for those that are copied between devices.
    counter: u32,
    /// Whether it is copied between devices.
    pub backed_up: bool,
}

/// A new passkey.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registered {
    /// The authenticator's name for it, in base64url.
    pub id: String,
    /// What to keep.
    pub state: PasskeyState,
}

impl Registration {
    /// Checks a new passkey (§7.1).
    pub fn check(&self, challenge: &[u8], site: Site<'_>) -> Result<Registered, NoPasskey> {
        let client_data = decoded(&self.client_data, "client data")?;
        ClientData::read(&client_data)?.check("webauthn.create", challenge, site)?;
        let attestation = decoded(&self.attestation, "attestation")?;
        let attestation = Value::whole(&attestation)?;
        let data = attestation.text_entry("authData").and_then(Value::bytes);
        let data = Data::read(data.ok_or(NoPasskey::Malformed("attestation"))?)?;
        data.check(site)?;
        // The statement of who made the authenticator is not asked for, and not looked at.
        let made = data.made.as_ref().ok_or(NoPasskey::Malformed("no key"))?;
        if made.id.is_empty() || made.id.len() > ID_AT_MOST {
            return Err(NoPasskey::Malformed("id"));
        }
        PublicKey::read(made.key)?;
        let state = PasskeyState {
            key: URL_SAFE_NO_PAD.encode(made.key),
            counter: data.counter,
            backed_up: data.is_backed_up(),
        };
        Ok(Registered { id: URL_SAFE_NO_PAD.encode(made.id), state })
    }
}

impl Assertion {
    /// Checks that the passkey's owner is there (§7.2), and says what to keep from now on.
    pub fn check(
        &self,
        known: &PasskeyState,
        challenge: &[u8],
        site: Site<'_>,
    ) -> Result<PasskeyState, NoPasskey> {
        let client_data = decoded(&self.client_data, "client data")?;
        ClientData::read(&client_data)?.check("webauthn.get", challenge, site)?;
        let bytes = decoded(&self.authenticator_data, "authenticator data")?;
        let data = Data::read(&bytes)?;
        data.check(site)?;
        let key = decoded(&known.key, "stored key")?;
        let mut signed = bytes.clone();
        signed.extend_from_slice(digest(&SHA256, &client_data).as_ref());
        let signature = decoded(&self.signature, "signature")?;
        PublicKey::read(&key)?.verify(&signed, &signature)?;
        // §7.2, step 22: zero on both sides means that the authenticator does not count.
        if (data.counter != 0 || known.counter != 0) && data.counter <= known.counter {
            return Err(NoPasskey::CounterWentBack);
        }
        Ok(PasskeyState {
            counter: data.counter,
            backed_up: data.is_backed_up(),
            key: known.key.clone(),
        })
    }

    /// Whom the authenticator names, as text.
    pub fn user(&self) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(self.user_handle.as_deref()?).ok()?;
        String::from_utf8(bytes).ok()
    }
}

fn decoded(text: &str, what: &'static str) -> Result<Vec<u8>, NoPasskey> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NoPasskey::Malformed(what))
}
