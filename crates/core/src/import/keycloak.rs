//! Clients of Keycloak, as a realm's export holds them: with their secrets in the clear, unless
//! they were masked.

use serde_json::{Map, Value};

use super::{Found, FoundSecret, Skip, members::Members};
use crate::secret::Secret;

/// Reads one client.
pub(super) fn read(client: &Map<String, Value>) -> Result<Found, Skip> {
    let own = Members(client);
    let client_id = own.client_id("clientId")?;
    if !own.flag("enabled", true)? {
        return Err(Skip::Disabled);
    }
    if own.text("protocol")?.is_some_and(|protocol| protocol != "openid-connect") {
        return Err(Skip::OtherGrants("its protocol is not openid-connect"));
    }
    if own.flag("publicClient", false)? {
        return Err(Skip::PublicClient);
    }
    if own.flag("bearerOnly", false)? || !own.flag("serviceAccountsEnabled", false)? {
        return Err(Skip::OtherGrants("it has no service account"));
    }
    match own.text("clientAuthenticatorType")? {
        None | Some("client-secret") => {}
        Some("client-secret-jwt" | "client-jwt") => {
            return Err(Skip::OtherAuthentication("signed assertions".to_owned()));
        }
        Some(_) => return Err(Skip::OtherAuthentication("other means".to_owned())),
    }
    let attributes = own.get("attributes").and_then(Value::as_object);
    let moment = |name: &str| Members(attributes?).moment_in_text(name);
    let mut scopes = own.texts("defaultClientScopes", ' ')?;
    scopes.extend(own.texts("optionalClientScopes", ' ')?);
    // A name such as ${client_account} is a key of Keycloak's translations.
    let is_key = own.text("name")?.is_some_and(|name| name.starts_with("${"));
    Ok(Found {
        name: own.name(if is_key { "clientId" } else { "name" }, &client_id)?,
        description: own.note("description")?,
        tags: Vec::new(),
        allow_list: Vec::new(),
        expires_at: None,
        created_at: moment("client.secret.creation.time"),
        secret: FoundSecret::Clear(secret(own)?),
        secret_expires_at: moment("client.secret.expiration.time"),
        audiences: audiences(own),
        scopes,
        client_id,
    })
}

fn secret(own: Members<'_>) -> Result<Secret, Skip> {
    let text = own.text("secret")?.ok_or(Skip::NoSecret("export the realm with its secrets"))?;
    if text.bytes().all(|byte| byte == b'*') {
        return Err(Skip::NoSecret(
            "it is masked by stars; export by `kc.sh export`, not in the console",
        ));
    }
    if text.starts_with("${") {
        return Err(Skip::NoSecret("it lies in a vault of Keycloak's or is to be filled in"));
    }
    Ok(Secret::presented(text.to_owned()))
}

/// What its audience mappers put into tokens.
fn audiences(own: Members<'_>) -> Vec<String> {
    let mappers = own.get("protocolMappers").and_then(Value::as_array);
    let of_mapper = |mapper: &Value| {
        if mapper.get("protocolMapper")?.as_str()? != "oidc-audience-mapper" {
            return None;
        }
        let config = mapper.get("config")?;
        let named = ["included.custom.audience", "included.client.audience"];
        let audience = named
            .iter()
            .find_map(|name| config.get(name)?.as_str().filter(|audience| !audience.is_empty()));
        audience.map(str::to_owned)
    };
    mappers.map_or_else(Vec::new, |mappers| mappers.iter().filter_map(of_mapper).collect())
}
