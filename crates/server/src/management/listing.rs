//! Lists of credentials, with what is known of their use: one statement for a page of each, however
//! many rows it has.

use std::collections::HashMap;

use hallpass_core::{ClientId, Credential, OrganizationId, permission::Permission};
use hallpass_store::{CredentialFilter, LastUsed, Newest};

use super::{Act, ManagementError};

/// How many days of use a list shows.
pub const DAYS: u64 = 14;

/// A credential in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The credential.
    pub credential: Credential,
    /// Its latest use, by whichever secret.
    pub last_used: Option<LastUsed>,
    /// Tokens issued on each of the last [`DAYS`] days, today last.
    pub daily: Vec<u64>,
}

/// At most `limit` credentials of an organization, or of all of them, the newest first, with their
/// use.
pub async fn newest(
    act: &Act<'_>,
    organization_id: Option<&OrganizationId>,
    filter: &CredentialFilter,
    page: (Option<&Newest>, usize),
) -> Result<Vec<Listed>, ManagementError> {
    let (before, limit) = page;
    let filter = of(act, organization_id, filter)?;
    let found = act.store.newest_credentials(&filter, before, limit).await?;
    let ids: Vec<ClientId> = found.iter().map(|own| own.client_id.clone()).collect();
    let today = act.now.as_secs() / 86_400;
    let since = (today + 1).saturating_sub(DAYS);
    let mut last_used: HashMap<ClientId, LastUsed> = HashMap::new();
    for (id, used) in act.store.last_used_of(&ids).await? {
        let latest = last_used.entry(id).or_insert_with(|| used.clone());
        if used.last_at > latest.last_at {
            *latest = used;
        }
    }
    let mut daily: HashMap<ClientId, Vec<u64>> = HashMap::new();
    for row in act.store.daily_usage(&ids, since).await? {
        let days = daily.entry(row.client_id).or_insert_with(|| vec![0; DAYS as usize]);
        // A node whose clock is ahead may have counted tomorrow.
        if let Some(day) = days.get_mut((row.day - since) as usize) {
            *day += row.issued;
        }
    }
    let listed = |credential: Credential| Listed {
        last_used: last_used.remove(&credential.client_id),
        daily: daily.remove(&credential.client_id).unwrap_or_else(|| vec![0; DAYS as usize]),
        credential,
    };
    Ok(found.into_iter().map(listed).collect())
}

/// How many credentials of an organization there are.
pub async fn count(
    act: &Act<'_>,
    organization_id: Option<&OrganizationId>,
    filter: &CredentialFilter,
) -> Result<u64, ManagementError> {
    Ok(act.store.count_credentials(&of(act, organization_id, filter)?).await?)
}

/// The filter, for those of this organization alone, if one is named and the caller may see them.
fn of(
    act: &Act<'_>,
    organization_id: Option<&OrganizationId>,
    filter: &CredentialFilter,
) -> Result<CredentialFilter, ManagementError> {
    let may = match organization_id {
        Some(id) => act.caller.must(Permission::ReadCredentials, id),
        None => act.caller.must_everywhere(Permission::ReadCredentials),
    };
    may.map_err(|denied| ManagementError::denied(denied, "organization"))?;
    Ok(CredentialFilter { organization_id: organization_id.cloned(), ..filter.clone() })
}
