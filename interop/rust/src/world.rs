//! Where everything is, and this peer's credentials.

use std::collections::HashMap;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde::Deserialize;
use serde_json::Value;

use crate::{Outcome, Trouble, expect};

/// Longer than anything on loopback takes.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// A client id and its secret.
#[derive(Clone, Deserialize)]
pub struct Login {
    /// The public half.
    #[serde(rename = "client_id")]
    pub id: String,
    /// The other half.
    #[serde(rename = "client_secret")]
    pub secret: String,
}

/// An API of the installation.
#[derive(Clone, Deserialize)]
pub struct Api {
    /// The `aud` of its tokens.
    pub audience: String,
    /// By which they are signed.
    pub algorithm: String,
    /// What may be granted.
    pub scopes: Vec<String>,
}

/// Where the endpoints are.
#[derive(Deserialize)]
pub struct Metadata {
    /// RFC 6749 §3.2.
    pub token_endpoint: String,
    /// RFC 7009.
    pub revocation_endpoint: String,
    /// RFC 7662.
    pub introspection_endpoint: String,
    /// RFC 7517.
    pub jwks_uri: String,
}

/// What the suite tells a peer.
#[derive(Deserialize)]
#[expect(missing_docs, reason = "interop/harness/world.py tells what they are")]
pub struct World {
    pub issuer: String,
    pub metadata: Metadata,
    pub api_url: String,
    pub api: Api,
    pub other_api: Api,
    pub short_api: Api,
    pub legacy_api: Api,
    pub apis: Vec<Api>,
    pub revoked_within_s: f64,
    pub credentials: HashMap<String, Login>,
    #[serde(default)]
    pub revoke_command: Vec<String>,
    pub cases: Vec<String>,
    #[serde(default)]
    pub expired_token: String,
    #[serde(default)]
    pub ready_file: String,
    #[serde(default)]
    pub rotated_file: String,
}

impl World {
    /// One of the credentials.
    pub fn login(&self, name: &str) -> Login {
        self.credentials[name].clone()
    }

    /// A secret of the right form that is not the credential's.
    pub fn wrong_login(&self) -> Login {
        Login { id: self.login("plain").id, secret: self.login("several").secret }
    }

    /// The API whose tokens are signed so.
    pub fn api_of(&self, algorithm: &str) -> &Api {
        self.apis.iter().find(|api| api.algorithm == algorithm).expect("an API of each algorithm")
    }

    /// How the Books API answers a call with this token, or without one.
    pub fn api_status(&self, token: Option<&str>) -> Result<u16, Trouble> {
        let mut request = plain()?.get(&self.api_url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Ok(request.send()?.status().as_u16())
    }

    /// Ends the credential `doomed`, and returns once that is acknowledged.
    pub fn revoke_credential(&self) -> Outcome {
        let (program, args) = self.revoke_command.split_first().expect("a command");
        let done = Command::new(program).args(args).output()?;
        expect(done.status.success(), || String::from_utf8_lossy(&done.stderr).into_owned())
    }

    /// Ends a token early, behind the library's back (RFC 7009).
    pub fn kill(&self, token: &str, login: &Login) -> Outcome {
        let form = [("token", token), ("client_id", &login.id), ("client_secret", &login.secret)];
        plain()?.post(&self.metadata.revocation_endpoint).form(&form).send()?;
        self.refused_in_time(token)
    }

    /// Waits until the API refuses the token, and fails if that takes too long.
    pub fn refused_in_time(&self, token: &str) -> Outcome {
        let since = Instant::now();
        loop {
            let status = self.api_status(Some(token))?;
            if status == 401 {
                return Ok(());
            }
            let took = since.elapsed().as_secs_f64();
            expect(took < self.revoked_within_s, || {
                format!("the API still answers {status} after {took:.2} s")
            })?;
        }
    }

    /// A token without any library, for those that only verify.
    pub fn plain_token(&self, audience: &str) -> Result<String, Trouble> {
        let login = self.login("several");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &login.id),
            ("client_secret", &login.secret),
            ("audience", audience),
        ];
        let answer: Value =
            plain()?.post(&self.metadata.token_endpoint).form(&form).send()?.json()?;
        let token = answer["access_token"].as_str();
        token.map(str::to_owned).ok_or_else(|| Trouble::Failed(format!("no token: {answer}")))
    }
}

/// A client without any OAuth.
pub fn plain() -> Result<Client, Trouble> {
    Ok(Client::builder().no_proxy().timeout(TIMEOUT).build()?)
}

/// A token's payload, unverified: `jsonwebtoken` is not under test where this is used.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// A token's header, unverified.
pub fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, at: usize) -> Value {
    let text = token.split('.').nth(at).unwrap_or_default();
    serde_json::from_slice(&decoded(text)).unwrap_or(Value::Null)
}

/// Base64url without padding, small enough to need no library.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: u8| ALPHABET.iter().position(|&known| known == byte).unwrap_or(0) as u32;
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0, |bits, &byte| bits << 6 | digit(byte));
        let bits = bits << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

/// Bytes as base64url without padding.
pub fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut three = [0; 4];
        three[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(three);
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
