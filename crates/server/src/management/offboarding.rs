//! What somebody made, and which secrets they saw, from the audit log. It works as well after they
//! have left. Credentials stay when people go, so what is to be done is to rotate the secrets that
//! they know.

use hallpass_core::{
    ClientId, Credential, Image, OrganizationId, Person, PersonId, SecretId, Timestamp,
    audit::Event,
    change::Key,
    credential::{SecretStatus, Status},
    permission::Permission,
};
use hallpass_store::AuditFilter;

use super::{Act, ManagementError};

/// Events that are read at most; who has done more than this is looked after in the audit log.
const EVENTS_AT_MOST: usize = 5000;

/// What shows somebody a secret.
const SHOWN_BY: [&str; 2] = ["credential.add", "secret.add"];

/// What is to be looked after when somebody leaves.
#[derive(Clone, Debug)]
pub struct Offboarding {
    /// Who; `None` if their account is gone.
    pub person: Option<Person>,
    /// Whether they still belong to the organization.
    pub is_member: bool,
    /// Credentials of which they saw a secret; those with secrets that still work come first.
    pub known: Vec<Known>,
    /// Whether they have done more than was read.
    pub is_cut: bool,
}

/// A credential of which they saw a secret.
#[derive(Clone, Debug)]
pub struct Known {
    /// The credential.
    pub credential: Credential,
    /// Whether they made it.
    pub made_it: bool,
    /// Secrets that they saw and that still work.
    pub alive: Vec<SecretId>,
    /// When they saw the last of them.
    pub seen_at: Timestamp,
}

/// What a person made and saw in an organization. Whoever never belonged to it does not exist
/// there.
pub async fn of(
    act: &Act<'_>,
    id: &OrganizationId,
    person_id: &PersonId,
) -> Result<Offboarding, ManagementError> {
    let organization = act.organization(id, Permission::ReadAudit).await?;
    let filter = AuditFilter {
        organization_id: Some(id.clone()),
        actor_id: Some(person_id.to_string()),
        ..AuditFilter::default()
    };
    let events = act.store.audit(&filter, None, EVENTS_AT_MOST + 1).await?;
    let is_member = organization.member(person_id).is_some();
    if !is_member && events.is_empty() {
        return Err(ManagementError::NotFound("member"));
    }
    let found = act.store.people(std::slice::from_ref(person_id)).await?;
    Ok(Offboarding {
        person: found.into_iter().next(),
        is_member,
        known: known(act, &events).await?,
        is_cut: events.len() > EVENTS_AT_MOST,
    })
}

async fn known(act: &Act<'_>, events: &[Event]) -> Result<Vec<Known>, ManagementError> {
    let mut all: Vec<Known> = Vec::new();
    for event in events.iter().filter(|event| SHOWN_BY.contains(&event.action.as_str())) {
        if all.iter().any(|one| one.credential.client_id.as_str() == event.subject) {
            continue;
        }
        let Ok(id) = event.subject.parse::<ClientId>() else { continue };
        let Some(Image::Credential(own)) = act.store.image(&Key::Credential(id)).await? else {
            continue;
        };
        let is_over = matches!(own.status, Status::Revoked { .. });
        let is_usable = |id: &SecretId| {
            own.secret(id).is_some_and(|secret| secret.status(act.now) == SecretStatus::Usable)
        };
        let seen = seen_secrets(&own, events).into_iter();
        all.push(Known {
            made_it: has_made(&own, events),
            alive: seen.filter(|id| !is_over && is_usable(id)).collect(),
            seen_at: event.at,
            credential: *own,
        });
    }
    all.sort_by_key(|one| one.alive.is_empty());
    Ok(all)
}

fn has_made(own: &Credential, events: &[Event]) -> bool {
    events.iter().any(|e| e.action == "credential.add" && e.subject == own.client_id.as_str())
}

/// The secrets that they were shown: the first one of what they made, and those that they added.
fn seen_secrets(own: &Credential, events: &[Event]) -> Vec<SecretId> {
    let first = own.secrets.first().filter(|_| has_made(own, events));
    let added = events
        .iter()
        .filter(|event| event.action == "secret.add" && event.subject == own.client_id.as_str());
    let added = added.filter_map(|event| event.detail["secret"].as_str()?.parse().ok());
    first.map(|secret| secret.id.clone()).into_iter().chain(added).collect()
}
