//! Pausing and rotating several credentials at once. What cannot be done to one of them does not
//! hold up the others.

use hallpass_core::{
    ClientId, Credential, OrganizationId, Timestamp, permission::Permission, secret::Secret,
};

use super::{
    Act, ManagementError,
    credentials::{self, Step},
    secrets::{self, Wanted},
};

/// Credentials in one go: their new secrets must fit into what shows them.
pub const AT_MOST: usize = 25;

/// What came of one of them.
#[derive(Debug)]
pub struct Each<T> {
    /// The credential, as it was before.
    pub credential: Credential,
    /// What was done, or why nothing was.
    pub outcome: Result<T, ManagementError>,
}

/// The credentials of these ids, if the caller may change all of them, and they belong to this
/// organization, if one is named. One that is named twice counts once.
pub async fn find(
    act: &Act<'_>,
    organization_id: Option<&OrganizationId>,
    ids: &[ClientId],
) -> Result<Vec<Credential>, ManagementError> {
    if ids.is_empty() {
        return Err(ManagementError::invalid("client_ids", "name at least one credential"));
    }
    if ids.len() > AT_MOST {
        let why = format!("{} credentials; at most {AT_MOST} in one go", ids.len());
        return Err(ManagementError::invalid("client_ids", why));
    }
    let mut found: Vec<Credential> = Vec::new();
    for id in ids {
        if found.iter().any(|known| known.client_id == *id) {
            continue;
        }
        let own = credentials::find(act, id, Permission::WriteCredentials).await?;
        if organization_id.is_some_and(|wanted| own.organization_id != *wanted) {
            return Err(ManagementError::NotFound("credential"));
        }
        found.push(own);
    }
    Ok(found)
}

/// Pauses each. One that is paused, revoked or gone has nothing left to pause.
pub async fn pause(
    act: &Act<'_>,
    chosen: Vec<Credential>,
) -> Result<Vec<Each<()>>, ManagementError> {
    let mut all = Vec::new();
    for credential in chosen {
        let done = credentials::step(act, &credential.client_id, Step::Pause).await;
        push(&mut all, credential, done.map(drop))?;
    }
    Ok(all)
}

/// Adds a secret to each, and gives the others an end.
pub async fn rotate(
    act: &Act<'_>,
    chosen: Vec<Credential>,
    others_expire_at: Option<Timestamp>,
) -> Result<Vec<Each<Secret>>, ManagementError> {
    let mut all = Vec::new();
    for credential in chosen {
        let wanted = Wanted { others_expire_at, ..Wanted::default() };
        let made = secrets::add(act, &credential.client_id, wanted).await;
        push(&mut all, credential, made.map(|made| made.secret))?;
    }
    Ok(all)
}

/// What the state of one credential does not allow says nothing about the next one. Other trouble
/// ends it all, but not once something was done: new secrets must reach whoever asked for them.
fn push<T>(
    all: &mut Vec<Each<T>>,
    credential: Credential,
    outcome: Result<T, ManagementError>,
) -> Result<(), ManagementError> {
    match outcome {
        Err(why)
            if !matches!(why, ManagementError::Conflict(_) | ManagementError::NotFound(_))
                && all.iter().all(|one| one.outcome.is_err()) =>
        {
            Err(why)
        }
        outcome => {
            all.push(Each { credential, outcome });
            Ok(())
        }
    }
}
