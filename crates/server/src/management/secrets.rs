//! Acts on single secrets of a credential.

use hallpass_core::{
    Change, ClientId, Credential, Image, Mutation, SecretId, Timestamp,
    credential::{LiveTokens, NewSecret},
    permission::Permission,
    secret::Secret,
    text::Note,
};

use super::{
    Act, ManagementError,
    credentials::{self, Made},
    scopes,
};
use crate::entropy;

/// How a secret is to be.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Where it will be kept.
    pub note: Note,
    /// When it stops working. `None`: never, or as late as the organization's policy allows.
    pub expires_at: Option<Timestamp>,
    /// When the other secrets stop working. `None`: they go on.
    pub others_expire_at: Option<Timestamp>,
}

/// Adds a secret beside those that are there. Kills nothing.
pub async fn add(
    act: &Act<'_>,
    client_id: &ClientId,
    wanted: Wanted,
) -> Result<Made, ManagementError> {
    let own = credentials::find(act, client_id, Permission::WriteCredentials).await?;
    scopes::check_taken(act.caller, &own)?;
    let organization = act.organization(&own.organization_id, Permission::WriteCredentials).await?;
    let policy = &organization.policy;
    let latest = policy.secret_life_at_most_s.map(|secs| act.now.plus_secs(secs));
    let expires_at = wanted.expires_at.or(latest);
    policy.check_secret(expires_at, act.now)?;
    for (field, at) in [("expires_at", expires_at), ("others_expire_at", wanted.others_expire_at)] {
        if at.is_some_and(|at| at <= act.now) {
            return Err(ManagementError::invalid(field, "the date lies in the past"));
        }
    }
    let secret = Secret::from_entropy(entropy::bytes());
    let id = SecretId::from_entropy(entropy::bytes());
    let mut new = NewSecret::new(id, &secret, act.pepper);
    new.note = wanted.note;
    new.expires_at = expires_at;
    let mutation = Mutation::AddSecret {
        client_id: client_id.clone(),
        secret: new,
        others_expire_at: wanted.others_expire_at,
    };
    let change = act.commit(&mutation).await?;
    let credential = credentials::left_by(&change).cloned().unwrap_or(own);
    Ok(Made { credential, secret })
}

/// Says where a secret is kept. What was said already is not written again.
pub async fn note(
    act: &Act<'_>,
    client_id: &ClientId,
    secret_id: &SecretId,
    note: Note,
) -> Result<Credential, ManagementError> {
    let own = credentials::find(act, client_id, Permission::WriteCredentials).await?;
    let secret = own.secret(secret_id).ok_or(ManagementError::NotFound("secret"))?;
    if secret.note == note {
        let image = Image::Credential(Box::new(own.clone()));
        act.must_be_as_seen(&image)?;
        return Ok(own);
    }
    let (client_id, secret_id) = (client_id.clone(), secret_id.clone());
    let change = act.commit(&Mutation::NoteSecret { client_id, secret_id, note }).await?;
    Ok(credentials::left_by(&change).cloned().unwrap_or(own))
}

/// Retires a secret, with or without the tokens that it has minted.
pub async fn retire(
    act: &Act<'_>,
    client_id: &ClientId,
    secret_id: &SecretId,
    live: LiveTokens,
) -> Result<Change, ManagementError> {
    credentials::find(act, client_id, Permission::WriteCredentials).await?;
    let (client_id, secret_id) = (client_id.clone(), secret_id.clone());
    act.commit(&Mutation::RetireSecret { client_id, secret_id, live }).await
}

/// Kills the live tokens of a secret, and keeps the secret.
pub async fn kill_tokens(
    act: &Act<'_>,
    client_id: &ClientId,
    secret_id: &SecretId,
) -> Result<Change, ManagementError> {
    credentials::find(act, client_id, Permission::WriteCredentials).await?;
    let (client_id, secret_id) = (client_id.clone(), secret_id.clone());
    act.commit(&Mutation::KillTokens { client_id, secret_id }).await
}

/// Retires a secret that strangers have seen, even the last one, and kills its tokens.
pub async fn leaked(
    act: &Act<'_>,
    client_id: &ClientId,
    secret_id: &SecretId,
) -> Result<Change, ManagementError> {
    credentials::find(act, client_id, Permission::WriteCredentials).await?;
    let (client_id, secret_id) = (client_id.clone(), secret_id.clone());
    act.commit(&Mutation::RetireLeakedSecret { client_id, secret_id }).await
}
