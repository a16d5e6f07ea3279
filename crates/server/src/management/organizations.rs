//! Acts on organizations. Operators make, suspend and resume them; owners and admins rename
//! theirs and set its policy.

use std::collections::BTreeSet;

use hallpass_core::{
    Change, Image, Mutation, Organization, OrganizationId,
    change::Effect,
    notice::Kind,
    organization::{OrganizationStep, Policy},
    permission::{Duty, Permission},
    text::Name,
};
use hallpass_store::CredentialCounts;

use super::{Act, ManagementError, Power};
use crate::entropy;

/// An organization, and how much there is of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The organization.
    pub organization: Organization,
    /// Its credentials, by status.
    pub credentials: CredentialCounts,
}

/// The organizations that the caller may know of, by name: all of them for an operator.
pub async fn list(act: &Act<'_>) -> Result<Vec<Organization>, ManagementError> {
    let mut all = act.store.organizations().await?;
    match &act.caller.power {
        Power::Operator => {}
        Power::Program { .. } if act.caller.must_have(Duty::ReadOrganizations).is_ok() => {}
        Power::Member(roles) => all.retain(|one| roles.iter().any(|(id, _)| *id == one.id)),
        Power::Program { organization_id, .. } => all.retain(|one| one.id == *organization_id),
        Power::Nobody => all.clear(),
    }
    Ok(all)
}

/// The same, counted.
pub async fn counted(act: &Act<'_>) -> Result<Vec<Counted>, ManagementError> {
    let counts = act.store.credential_counts(None).await?;
    let counted = |organization: Organization| {
        let own = counts.iter().find(|(id, _)| *id == organization.id);
        Counted { credentials: own.map(|(_, counts)| *counts).unwrap_or_default(), organization }
    };
    Ok(list(act).await?.into_iter().map(counted).collect())
}

/// One organization, counted.
pub async fn find(act: &Act<'_>, id: &OrganizationId) -> Result<Counted, ManagementError> {
    let organization = act.organization(id, Permission::ReadCredentials).await?;
    let counts = act.store.credential_counts(Some(id)).await?;
    let credentials = counts.first().map(|(_, counts)| *counts).unwrap_or_default();
    Ok(Counted { organization, credentials })
}

/// Makes an organization, without members.
pub async fn add(act: &Act<'_>, name: Name) -> Result<Organization, ManagementError> {
    act.must_have(Duty::WriteOrganizations)?;
    let id = OrganizationId::from_entropy(entropy::bytes());
    let organization = Organization::new(id, name, act.now);
    act.commit(&Mutation::AddOrganization(organization.clone())).await?;
    Ok(organization)
}

/// Refuses all of its credentials, and kills all of their live tokens, until resumed.
pub async fn suspend(act: &Act<'_>, id: &OrganizationId) -> Result<Change, ManagementError> {
    act.must_have(Duty::WriteOrganizations)?;
    act.commit(&Mutation::SuspendOrganization(id.clone())).await
}

/// Ends a suspension; what was killed stays dead.
pub async fn resume(act: &Act<'_>, id: &OrganizationId) -> Result<Change, ManagementError> {
    act.must_have(Duty::WriteOrganizations)?;
    act.commit(&Mutation::ResumeOrganization(id.clone())).await
}

/// Calls it otherwise.
pub async fn rename(
    act: &Act<'_>,
    id: &OrganizationId,
    name: Name,
) -> Result<Organization, ManagementError> {
    change(act, id, OrganizationStep::Rename(name)).await
}

/// Sets its rules for credentials. What is there already stays as it is.
pub async fn set_policy(
    act: &Act<'_>,
    id: &OrganizationId,
    policy: Policy,
) -> Result<Organization, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    policy.validate()?;
    change(act, id, OrganizationStep::SetPolicy(policy)).await
}

/// Sets of what its owners and admins hear by mail.
pub async fn set_mailed(
    act: &Act<'_>,
    id: &OrganizationId,
    kinds: BTreeSet<Kind>,
) -> Result<Organization, ManagementError> {
    change(act, id, OrganizationStep::SetMailed(kinds)).await
}

async fn change(
    act: &Act<'_>,
    id: &OrganizationId,
    step: OrganizationStep,
) -> Result<Organization, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    let change = act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await?;
    left_by(change)
}

/// The organization that a change has left behind.
pub(super) fn left_by(change: Change) -> Result<Organization, ManagementError> {
    match change.effect {
        Effect::Put(Image::Organization(organization)) => Ok(organization),
        _ => Err(ManagementError::NotFound("organization")),
    }
}
