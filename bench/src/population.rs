//! The credentials of a measurement. Each follows from its number, so the processes of a
//! measurement know the same ids and secrets without telling each other.

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass_core::{
    Api, ApiId, ClientId, Credential, Organization, OrganizationId, SecretId, Timestamp,
    credential::{Grant, NewSecret, Settings},
    secret::{Pepper, Secret},
};

/// The API that every token is for.
pub(crate) const AUDIENCE: &str = "https://api.example.com";

/// What every credential may do there.
pub(crate) const SCOPE: &str = "books:read books:write";

/// What every node of an installation has.
pub(crate) const MASTER_KEY: [u8; 32] = [7; 32];

/// The numbers from here on are of credentials that are created while it is measured. They belong
/// to the first organization.
pub(crate) const NEW_FROM: u32 = 1_000_000_000;

/// Credentials of one organization.
const PER_ORGANIZATION: u32 = 10;

fn entropy<const N: usize>(number: u32) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[N - 4..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The client id of a credential.
pub(crate) fn client_id(number: u32) -> ClientId {
    ClientId::from_entropy(entropy(number))
}

/// The secret of a credential.
pub(crate) fn secret(number: u32) -> Secret {
    Secret::from_entropy(entropy(number))
}

fn api_id() -> ApiId {
    // Not 0: that is the management API.
    ApiId::from_entropy(entropy(1))
}

fn organization_id(of_credential: u32) -> OrganizationId {
    let number = of_credential.checked_sub(NEW_FROM).map_or(of_credential, |_| 0);
    OrganizationId::from_entropy(entropy(number / PER_ORGANIZATION))
}

/// The API.
pub(crate) fn api(now: Timestamp) -> Result<Api> {
    let mut api = Api::new(api_id(), "Books".parse()?, AUDIENCE.parse()?, now);
    api.scopes = SCOPE.parse()?;
    Ok(api)
}

/// The organization that a credential is the first of; most are not the first.
pub(crate) fn organization(number: u32, now: Timestamp) -> Result<Option<Organization>> {
    if !number.is_multiple_of(PER_ORGANIZATION) {
        return Ok(None);
    }
    let name = format!("Example {}", number / PER_ORGANIZATION).parse()?;
    Ok(Some(Organization::new(organization_id(number), name, now)))
}

/// An active credential with one secret and one grant, as most are.
pub(crate) fn credential(number: u32, pepper: &Pepper, now: Timestamp) -> Result<Credential> {
    let secret_id = SecretId::from_entropy(entropy(number));
    let grants = vec![Grant { api_id: api_id(), scopes: SCOPE.parse()? }];
    let pending = Credential::pending(
        client_id(number),
        organization_id(number),
        Settings::new(format!("Credential {number}").parse()?, grants),
        &NewSecret::new(secret_id, &secret(number), pepper),
        (now, "bench"),
    );
    Ok(pending.activate(now)?)
}

/// A token request as the standard has it, ready to be sent.
pub(crate) fn request(number: u32, host: &str) -> Vec<u8> {
    let login = STANDARD.encode(format!("{}:{}", client_id(number), secret(number).expose()));
    let body = "grant_type=client_credentials";
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nAccept: */*\r\n\
         Authorization: Basic {login}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    request.into_bytes()
}
