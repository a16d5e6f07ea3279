//! Clients of Ory Hydra, as its table `hydra_client` holds them and as its API shows them (which
//! leaves the digests out). The secret is taken only as a digest: whatever else stands there may be
//! a digest of a kind that is not known, and would become the secret.

use serde_json::{Map, Value};

use super::{Found, FoundSecret, Skip, members::Members};

const WITHOUT: &str = "the API of Hydra leaves it out; read the table hydra_client";

/// Reads one client.
pub(super) fn read(client: &Map<String, Value>) -> Result<Found, Skip> {
    let own = Members(client);
    let client_id =
        own.client_id(if own.get("client_id").is_some() { "client_id" } else { "id" })?;
    match own.text("token_endpoint_auth_method")? {
        None | Some("client_secret_basic" | "client_secret_post") => {}
        Some("none") => return Err(Skip::PublicClient),
        Some(other) => return Err(Skip::OtherAuthentication(shown(other))),
    }
    let grants = own.texts("grant_types", '|')?;
    if !grants.iter().any(|grant| grant == "client_credentials") {
        return Err(Skip::OtherGrants("client_credentials is not among its grant_types"));
    }
    let digest = own.text("client_secret")?.ok_or(Skip::NoSecret(WITHOUT))?;
    Ok(Found {
        name: own.name("client_name", &client_id)?,
        client_id,
        description: Default::default(),
        tags: Vec::new(),
        allow_list: Vec::new(),
        expires_at: None,
        created_at: own.moment("created_at")?,
        secret: FoundSecret::Digested(digest.parse()?),
        secret_expires_at: own.moment("client_secret_expires_at")?,
        audiences: own.texts("audience", '|')?,
        scopes: own.texts("scope", ' ')?,
    })
}

/// A word of the file, as far as it is one.
fn shown(word: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if word.len() <= 40 && word.bytes().all(is_word) {
        word.to_owned()
    } else {
        "other means".into()
    }
}
