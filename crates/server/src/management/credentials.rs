//! Acts on credentials. A credential of an organization that the caller has nothing to do with is
//! not found, whatever is asked of it.

use hallpass_core::{
    Api, ApiId, Change, ClientId, Conflict, Credential, Image, Mutation, Organization,
    OrganizationId, SecretId,
    change::{Effect, Key, Version},
    credential::{NewSecret, Settings, Status},
    permission::Permission,
    secret::Secret,
    usage::Sighting,
};

use super::{Act, ManagementError, scopes};
use crate::entropy;

/// Pending credentials that an organization may have at once: each is a row that nobody may want.
const PENDING_AT_MOST: u64 = 200;

/// A credential that was just made, with its secret: shown once, then dropped.
#[derive(Debug)]
pub struct Made {
    /// The credential.
    pub credential: Credential,
    /// Its secret in the clear.
    pub secret: Secret,
}

/// What became of a credential that its maker has finished.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Finished {
    /// It gets tokens.
    Active,
    /// It waits for an owner or admin.
    AwaitsApproval,
}

/// One credential, if the caller may do this to it.
pub async fn find(
    act: &Act<'_>,
    client_id: &ClientId,
    permission: Permission,
) -> Result<Credential, ManagementError> {
    let found = match act.store.image(&Key::Credential(client_id.clone())).await? {
        Some(Image::Credential(credential)) => *credential,
        _ => return Err(ManagementError::NotFound("credential")),
    };
    act.caller
        .must(permission, &found.organization_id)
        .map_err(|denied| ManagementError::denied(denied, "credential"))?;
    Ok(found)
}

/// From where a credential was used, and by what, the latest first.
pub async fn sightings(
    act: &Act<'_>,
    client_id: &ClientId,
) -> Result<Vec<Sighting>, ManagementError> {
    find(act, client_id, Permission::ReadCredentials).await?;
    Ok(act.store.sightings(client_id).await?)
}

/// Makes a pending credential with id and secret, before its maker has said what it is for. It
/// gets no tokens, and disappears after [`hallpass_core::credential::PENDING_S`].
pub async fn prepare(
    act: &Act<'_>,
    organization_id: &OrganizationId,
    settings: Settings,
) -> Result<Made, ManagementError> {
    let organization = act.organization(organization_id, Permission::WriteCredentials).await?;
    scopes::check_given(act.caller, organization_id, &settings, None)?;
    let pending = hallpass_store::CredentialFilter {
        organization_id: Some(organization.id.clone()),
        status: Some("pending".to_owned()),
        ..Default::default()
    };
    if act.store.count_credentials(&pending).await? >= PENDING_AT_MOST {
        return Err(Conflict::TooMany("pending credentials").into());
    }
    let made = generate(act, &organization, settings);
    act.commit(&Mutation::AddCredential(Box::new(made.credential.clone()))).await?;
    Ok(made)
}

/// A pending credential with its secret, not written yet.
fn generate(act: &Act<'_>, organization: &Organization, settings: Settings) -> Made {
    let secret = Secret::from_entropy(entropy::bytes());
    let id = SecretId::from_entropy(entropy::bytes());
    let mut new = NewSecret::new(id, &secret, act.pepper);
    // A policy may demand an end; whoever makes the credential may bring it forward.
    let life = organization.policy.secret_life_at_most_s;
    new.expires_at = life.map(|secs| act.now.plus_secs(secs));
    let by = act.caller.actor.to_string();
    let client_id = ClientId::from_entropy(entropy::bytes());
    let credential =
        Credential::pending(client_id, organization.id.clone(), settings, &new, (act.now, &by));
    Made { credential, secret }
}

/// Makes a pending credential that is finished but for its last step.
pub async fn prepare_as(
    act: &Act<'_>,
    organization_id: &OrganizationId,
    settings: Settings,
) -> Result<Made, ManagementError> {
    refuse_past(act, &settings)?;
    if !settings.grants.is_empty() {
        check(act, organization_id, &settings, None).await?;
    }
    prepare(act, organization_id, settings).await
}

/// Lets a pending credential get tokens as it is, or asks for approval.
pub async fn activate(
    act: &Act<'_>,
    client_id: &ClientId,
) -> Result<(Credential, Finished), ManagementError> {
    let own = find(act, client_id, Permission::WriteCredentials).await?;
    if !matches!(own.status, Status::Pending { .. }) {
        return Err(Conflict::WrongStatus { verb: "activate", is: own.status.word() }.into());
    }
    finish(act, client_id, own.settings).await
}

/// Says what a pending credential is for, and lets it get tokens: at once, or as soon as somebody
/// approves it, as the organization's policy wants.
pub async fn finish(
    act: &Act<'_>,
    client_id: &ClientId,
    settings: Settings,
) -> Result<(Credential, Finished), ManagementError> {
    let own = find(act, client_id, Permission::WriteCredentials).await?;
    if !is_unfinished(&own) {
        return as_finished(own);
    }
    refuse_past(act, &settings)?;
    check(act, &own.organization_id, &settings, Some(&own.settings)).await?;
    let organization = act.organization(&own.organization_id, Permission::WriteCredentials).await?;
    let mutation = Mutation::UpdateCredential(client_id.clone(), Box::new(settings));
    if needs_approval(act, &organization) {
        // Or it could be approved in between, as something else.
        let seen = version(&own);
        match act.only_if(act.only_if.or(Some(&seen))).commit(&mutation).await {
            Err(ManagementError::Conflict(Conflict::ChangedMeanwhile)) if act.only_if.is_none() => {
                return as_finished(find(act, client_id, Permission::WriteCredentials).await?);
            }
            other => drop(other?),
        }
        let change = act.commit(&Mutation::AskApproval(client_id.clone())).await?;
        return finished(&change, Finished::AwaitsApproval);
    }
    act.commit(&mutation).await?;
    let change = act.commit(&Mutation::ActivateCredential(client_id.clone())).await?;
    finished(&change, Finished::Active)
}

/// By the change alone: what was written must not be called unwritten since nobody can read it.
fn finished(
    change: &Change,
    finished: Finished,
) -> Result<(Credential, Finished), ManagementError> {
    let left = left_by(change).ok_or(ManagementError::NotFound("credential"))?;
    Ok((left.clone(), finished))
}

/// What has become of it by now. A form that was sent twice has done its work the first time.
fn as_finished(own: Credential) -> Result<(Credential, Finished), ManagementError> {
    match own.status {
        Status::Active => Ok((own, Finished::Active)),
        Status::Pending { .. } if is_unfinished(&own) => Err(Conflict::ChangedMeanwhile.into()),
        Status::Pending { .. } => Ok((own, Finished::AwaitsApproval)),
        _ => Err(ManagementError::NotFound("pending credential")),
    }
}

/// Whether somebody else has to approve what the caller makes.
fn needs_approval(act: &Act<'_>, organization: &Organization) -> bool {
    organization.policy.approval_required
        && !act.caller.may(Permission::ApproveCredentials, &organization.id)
}

/// Makes a credential in one go, for programs and the command line.
pub async fn add(
    act: &Act<'_>,
    organization_id: &OrganizationId,
    settings: Settings,
) -> Result<(Made, Finished), ManagementError> {
    refuse_past(act, &settings)?;
    check(act, organization_id, &settings, None).await?;
    let organization = act.organization(organization_id, Permission::WriteCredentials).await?;
    let mut made = generate(act, &organization, settings);
    // One write: a program that is cut off in between leaves nothing half made.
    let finished = if needs_approval(act, &organization) {
        let by = act.caller.actor.to_string();
        made.credential = made.credential.ask_approval(act.now, &by)?;
        Finished::AwaitsApproval
    } else {
        made.credential = made.credential.activate(act.now)?;
        Finished::Active
    };
    act.commit(&Mutation::AddCredential(Box::new(made.credential.clone()))).await?;
    Ok((made, finished))
}

/// Changes what people may change. An end date in the past ends the credential at once, and kills
/// its tokens.
pub async fn update(
    act: &Act<'_>,
    client_id: &ClientId,
    settings: Settings,
) -> Result<Change, ManagementError> {
    let own = find(act, client_id, Permission::WriteCredentials).await?;
    check(act, &own.organization_id, &settings, Some(&own.settings)).await?;
    let organization = act.organization(&own.organization_id, Permission::WriteCredentials).await?;
    let needs_approval = needs_approval(act, &organization);
    if needs_approval && !is_unfinished(&own) && settings.reach_beyond(&own.settings) {
        return Err(ManagementError::Forbidden("let a credential do more than was approved"));
    }
    // What the answer depends on must not change meanwhile.
    let seen = version(&own);
    let act = act.only_if(act.only_if.or(needs_approval.then_some(&seen)));
    act.commit(&Mutation::UpdateCredential(client_id.clone(), Box::new(settings))).await
}

/// Whether nobody has been asked yet to approve it.
fn is_unfinished(own: &Credential) -> bool {
    matches!(own.status, Status::Pending { .. }) && own.approval_asked_by.is_none()
}

fn version(own: &Credential) -> Version {
    Image::Credential(Box::new(own.clone())).version()
}

/// What can be done to a whole credential without saying more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Let it get tokens, on behalf of the organization.
    Approve,
    /// Do away with a pending one.
    Discard,
    /// Refuse tokens and kill the live ones, until resumed.
    Pause,
    /// End a pause.
    Resume,
    /// End it for good.
    Revoke,
    /// Remove what is left of a revoked one.
    Delete,
}

impl Step {
    fn permission(self) -> Permission {
        match self {
            Self::Approve => Permission::ApproveCredentials,
            _ => Permission::WriteCredentials,
        }
    }

    fn mutation(self, id: ClientId) -> Mutation {
        match self {
            Self::Approve => Mutation::ActivateCredential(id),
            Self::Discard => Mutation::DiscardCredential(id),
            Self::Pause => Mutation::PauseCredential(id),
            Self::Resume => Mutation::ResumeCredential(id),
            Self::Revoke => Mutation::RevokeCredential(id),
            Self::Delete => Mutation::DeleteCredential(id),
        }
    }
}

/// Takes a step. The change says what died.
pub async fn step(
    act: &Act<'_>,
    client_id: &ClientId,
    step: Step,
) -> Result<Change, ManagementError> {
    let own = find(act, client_id, step.permission()).await?;
    // Whoever approves has not chosen what the credential may do: its maker must have finished.
    if step == Step::Approve && own.approval_asked_by.is_none() {
        return Err(Conflict::NotFound("credential that awaits approval").into());
    }
    act.commit(&step.mutation(client_id.clone())).await
}

/// The credential that a change has left behind.
pub fn left_by(change: &Change) -> Option<&Credential> {
    match &change.effect {
        Effect::Put(Image::Credential(credential)) => Some(credential),
        _ => None,
    }
}

/// What is new must not have ended before it began.
fn refuse_past(act: &Act<'_>, settings: &Settings) -> Result<(), ManagementError> {
    match settings.expires_at {
        Some(end) if end <= act.now => {
            Err(ManagementError::invalid("expires_at", "the date lies in the past"))
        }
        _ => Ok(()),
    }
}

/// Whether a credential of this organization, which had other settings `before`, may have these.
async fn check(
    act: &Act<'_>,
    organization_id: &OrganizationId,
    settings: &Settings,
    before: Option<&Settings>,
) -> Result<(), ManagementError> {
    let organization = act.organization(organization_id, Permission::WriteCredentials).await?;
    organization.policy.check_settings(settings)?;
    if settings.grants.is_empty() && settings.introspects.is_empty() {
        return Err(ManagementError::invalid("grants", "choose at least one API"));
    }
    let apis = act.store.apis().await?;
    for grant in &settings.grants {
        let api = apis.iter().find(|api| api.id == grant.api_id);
        check_scopes(api.ok_or(ManagementError::NotFound("API"))?, grant)?;
    }
    // An API's own credential reads other people's tokens: that is for operators to give.
    let introspected = before.map_or(&[][..], |before| &before.introspects);
    let is_new = |id: &&ApiId| !introspected.contains(id);
    if settings.introspects.iter().any(|id| is_new(&id)) && !act.caller.is_operator() {
        return Err(ManagementError::NotOperator);
    }
    scopes::check_given(act.caller, organization_id, settings, before)
}

fn check_scopes(
    api: &Api,
    grant: &hallpass_core::credential::Grant,
) -> Result<(), ManagementError> {
    if grant.scopes.is_subset(&api.scopes) {
        return Ok(());
    }
    let (has, asked) = (api.scopes.as_str(), grant.scopes.as_str());
    let why = format!("{} has the scopes {has:?}; {asked:?} is not within them", api.name);
    Err(ManagementError::invalid("scopes", why))
}
