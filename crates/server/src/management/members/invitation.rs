//! Whether an invitation still stands: as long as whoever made it could make it today. Otherwise
//! an admin who is taken out could keep a link, and come back by it.

use hallpass_core::{
    ClientId, Image, Organization, PersonId, Scopes, change::Key, credential::Status,
    organization::Invitation, permission::Permission,
};

use super::may_give;
use crate::management::{Act, Caller, ManagementError, Power};

/// Whether following it now makes a member.
pub(in crate::management) async fn stands(
    act: &Act<'_>,
    organization: &Organization,
    invitation: &Invitation,
) -> Result<bool, ManagementError> {
    if act.now >= invitation.expires_at {
        return Ok(false);
    }
    // Whoever holds the machine has no id, and loses no power.
    let Some(id) = &invitation.inviter else { return Ok(true) };
    let inviter = inviter(act, organization, id).await?;
    Ok(inviter.is_some_and(|inviter| {
        inviter.may(Permission::ManageMembers, &organization.id)
            && may_give(&inviter, &organization.id, invitation.role).is_ok()
    }))
}

/// Who it was, with the power that they have now.
async fn inviter(
    act: &Act<'_>,
    organization: &Organization,
    id: &str,
) -> Result<Option<Caller>, ManagementError> {
    if let Ok(id) = id.parse::<PersonId>() {
        let people = act.store.people(&[id]).await?;
        let own = std::slice::from_ref(organization);
        return Ok(people.first().map(|person| Caller::person(person, own, None)));
    }
    let Ok(id) = id.parse::<ClientId>() else { return Ok(None) };
    let Some(Image::Credential(own)) = act.store.image(&Key::Credential(id)).await? else {
        return Ok(None);
    };
    if own.status != Status::Active || own.has_expired(act.now) {
        return Ok(None);
    }
    let grants = own.settings.grants.iter().filter(|grant| grant.api_id.is_management());
    let scopes = Scopes::from_words(grants.flat_map(|grant| grant.scopes.iter()));
    let power = Power::Program { organization_id: own.organization_id, scopes };
    Ok(Some(Caller { actor: act.caller.actor.clone(), power }))
}
