//! Our own format, for what comes from elsewhere: a JSON object for each client. Its members are a
//! closed list, so that a slip of the pen is noticed. See `docs/reference/import.md`.

use serde_json::{Map, Value};

use super::{
    Found, FoundSecret, Skip,
    members::{Members, bad_text, wrong},
};
use crate::secret::Secret;

const KNOWN: [&str; 12] = [
    "client_id",
    "name",
    "description",
    "secret",
    "secret_hash",
    "secret_expires_at",
    "audience",
    "scopes",
    "created_at",
    "expires_at",
    "allow_list",
    "tags",
];

/// Reads one client.
pub(super) fn read(client: &Map<String, Value>) -> Result<Found, Skip> {
    if client.keys().any(|name| !KNOWN.contains(&name.as_str())) {
        let why = format!("it has a member that is none of {}", KNOWN.join(", "));
        return Err(Skip::BadMember(why));
    }
    let own = Members(client);
    let client_id = own.client_id("client_id")?;
    let tags = own.texts("tags", ',')?;
    let allow_list = own.texts("allow_list", ',')?;
    let network = |text: &String| {
        let alone = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
        text.parse::<ipnet::IpNet>().or_else(|_| alone())
    };
    Ok(Found {
        name: own.name("name", &client_id)?,
        client_id,
        description: own.note("description")?,
        tags: tags
            .iter()
            .map(|tag| tag.parse().map_err(|why| bad_text("tags", &why)))
            .collect::<Result<_, _>>()?,
        allow_list: allow_list
            .iter()
            .map(network)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("allow_list", "networks such as 192.0.2.0/24"))?,
        expires_at: own.moment("expires_at")?,
        created_at: own.moment("created_at")?,
        secret: secret(own)?,
        secret_expires_at: own.moment("secret_expires_at")?,
        audiences: own.texts("audience", ' ')?,
        scopes: own.texts("scopes", ' ')?,
    })
}

fn secret(own: Members<'_>) -> Result<FoundSecret, Skip> {
    match (own.text("secret")?, own.text("secret_hash")?) {
        (Some(secret), None) => Ok(FoundSecret::Clear(Secret::presented(secret.to_owned()))),
        (None, Some(digest)) => Ok(FoundSecret::Digested(digest.parse()?)),
        (None, None) => Err(Skip::NoSecret("give either secret or secret_hash")),
        (Some(_), Some(_)) => Err(wrong("secret", "absent where secret_hash is given")),
    }
}
