//! Acts on members and invitations. Owners are made and unmade by owners alone; whoever has the
//! link of an invitation may follow it, whatever their address.

mod invitation;

use hallpass_core::{
    Change, Conflict, Email, InvitationId, Mutation, Organization, OrganizationId, Person,
    PersonId,
    audit::Actor,
    opaque::Opaque,
    organization::{INVITATION_S, Invitation, Member, OrganizationStep},
    permission::{Permission, Role},
};

pub(super) use self::invitation::stands;
use super::{
    Act, Caller, ManagementError,
    people::{self, Newcomer},
    sessions,
};
use crate::entropy;

/// Who belongs to an organization, and who is asked to.
#[derive(Clone, Debug)]
pub struct Members {
    /// In the order in which they came.
    pub members: Vec<(Member, Person)>,
    /// Those that are still good.
    pub invitations: Vec<Invitation>,
}

/// An invitation that was just made.
#[derive(Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// What its link holds: handed out once, then dropped.
    pub link: Opaque,
}

/// An invitation that somebody has the link of.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// Where to.
    pub organization: Organization,
    /// As what, and whom it was meant for.
    pub invitation: Invitation,
    /// Who has that address already, and must sign in to accept.
    pub person: Option<Person>,
}

/// Everybody of an organization.
pub async fn list(act: &Act<'_>, id: &OrganizationId) -> Result<Members, ManagementError> {
    let organization = act.organization(id, Permission::ReadMembers).await?;
    let ids: Vec<PersonId> =
        organization.members.iter().map(|member| member.person_id.clone()).collect();
    let people = act.store.people(&ids).await?;
    let with_person = |member: Member| {
        let person = people.iter().find(|person| person.id == member.person_id)?;
        Some((member, person.clone()))
    };
    let mut invitations = Vec::new();
    for invitation in &organization.invitations {
        if invitation::stands(act, &organization, invitation).await? {
            invitations.push(invitation.clone());
        }
    }
    let members = organization.members.into_iter().filter_map(with_person).collect();
    Ok(Members { members, invitations })
}

/// Asks somebody to become a member, in place of an earlier invitation to the same address.
pub async fn invite(
    act: &Act<'_>,
    id: &OrganizationId,
    email: Email,
    role: Role,
) -> Result<Invited, ManagementError> {
    let organization = may_manage(act, id, &[role]).await?;
    may_give(act.caller, id, role)?;
    if let Some(person) = people::by_email(act, &email).await?
        && organization.member(&person.id).is_some()
    {
        return Err(Conflict::AlreadyMember.into());
    }
    let link = Opaque::from_entropy(entropy::bytes());
    let invitation = Invitation {
        id: InvitationId::from_entropy(entropy::bytes()),
        digest: link.digest(),
        email,
        role,
        invited_by: act.caller.actor.to_string(),
        inviter: act.caller.actor.id().map(str::to_owned),
        created_at: act.now,
        expires_at: act.now.plus_secs(INVITATION_S),
    };
    change(act, id, OrganizationStep::Invite(Box::new(invitation.clone()))).await?;
    Ok(Invited { invitation, link })
}

/// Takes an invitation back.
pub async fn withdraw(
    act: &Act<'_>,
    id: &OrganizationId,
    invitation_id: &InvitationId,
) -> Result<Change, ManagementError> {
    let organization = act.organization(id, Permission::ManageMembers).await?;
    let found = organization.invitations.iter().find(|one| one.id == *invitation_id);
    let role = found.ok_or(ManagementError::NotFound("invitation"))?.role;
    may_manage(act, id, &[role]).await?;
    change(act, id, OrganizationStep::Withdraw(invitation_id.clone())).await
}

/// Makes a member something else.
pub async fn set_role(
    act: &Act<'_>,
    id: &OrganizationId,
    person_id: &PersonId,
    role: Role,
) -> Result<Change, ManagementError> {
    let was = role_of(act, (id, person_id), Permission::ManageMembers).await?;
    may_manage(act, id, &[was, role]).await?;
    may_give(act.caller, id, role)?;
    change(act, id, OrganizationStep::SetRole(person_id.clone(), role)).await
}

/// Takes a member out; anybody may leave by themselves. What they made stays: it belongs to the
/// organization.
pub async fn remove(
    act: &Act<'_>,
    id: &OrganizationId,
    person_id: &PersonId,
) -> Result<Change, ManagementError> {
    let leaves =
        matches!(&act.caller.actor, Actor::Person { person_id: own, .. } if own == person_id);
    if leaves {
        role_of(act, (id, person_id), Permission::ReadMembers).await?;
    } else {
        let was = role_of(act, (id, person_id), Permission::ManageMembers).await?;
        may_manage(act, id, &[was]).await?;
    }
    change(act, id, OrganizationStep::RemoveMember(person_id.clone())).await
}

/// The invitation of a link, for whoever has it.
pub async fn invited_by(act: &Act<'_>, link: &Opaque) -> Result<Invitee, ManagementError> {
    let digest = link.digest();
    let used_up = || ManagementError::Conflict(Conflict::UsedUp("invitation"));
    let organization = act.store.inviting(&digest).await?.ok_or_else(used_up)?;
    let invitation = organization.invitation(&digest, act.now).cloned().ok_or_else(used_up)?;
    if !invitation::stands(act, &organization, &invitation).await? {
        return Err(used_up());
    }
    let person = people::by_email(act, &invitation.email).await?;
    Ok(Invitee { organization, invitation, person })
}

/// A person follows an invitation, which is used up by it.
pub async fn accept(
    act: &Act<'_>,
    link: &Opaque,
    person: &Person,
) -> Result<OrganizationId, ManagementError> {
    sessions::must_be(act, person)?;
    let id = invited_by(act, link).await?.organization.id;
    let step = OrganizationStep::Accept { digest: link.digest(), person_id: person.id.clone() };
    change(act, &id, step).await?;
    Ok(id)
}

/// Makes an account for somebody who follows an invitation and has none. The invitation says
/// under which address, so nobody gets an account in another's name by it.
pub async fn join(
    act: &Act<'_>,
    link: &Opaque,
    newcomer: Newcomer,
) -> Result<Person, ManagementError> {
    let invitee = invited_by(act, link).await?;
    if newcomer.email != invitee.invitation.email || invitee.person.is_some() {
        return Err(Conflict::Taken("the e-mail address").into());
    }
    let person = newcomer.person(person_id(act)?, act);
    act.commit(&Mutation::AddPerson(Box::new(person.clone()))).await?;
    accept(act, link, &person).await?;
    Ok(person)
}

/// Whoever joins acts under the id that they are about to have.
fn person_id(act: &Act<'_>) -> Result<PersonId, ManagementError> {
    match &act.caller.actor {
        Actor::Person { person_id, .. } => Ok(person_id.clone()),
        _ => Err(ManagementError::NotFound("person")),
    }
}

async fn role_of(
    act: &Act<'_>,
    (id, person_id): (&OrganizationId, &PersonId),
    permission: Permission,
) -> Result<Role, ManagementError> {
    let organization = act.organization(id, permission).await?;
    let member = organization.member(person_id).ok_or(ManagementError::NotFound("member"))?;
    Ok(member.role)
}

/// Whether the caller may do something that concerns these roles.
async fn may_manage(
    act: &Act<'_>,
    id: &OrganizationId,
    roles: &[Role],
) -> Result<Organization, ManagementError> {
    let organization = act.organization(id, Permission::ManageMembers).await?;
    if roles.contains(&Role::Owner) {
        act.organization(id, Permission::ManageOwners).await?;
    }
    Ok(organization)
}

/// Nobody makes somebody mightier than they are themselves. Of members those who manage others
/// are mighty enough; a program may have been granted this alone.
fn may_give(caller: &Caller, id: &OrganizationId, role: Role) -> Result<(), ManagementError> {
    let has_all = Permission::ALL
        .into_iter()
        .filter(|permission| role.may(*permission))
        .all(|permission| caller.may(permission, id));
    if has_all {
        Ok(())
    } else {
        Err(ManagementError::Forbidden("give a role with more power than you have"))
    }
}

async fn change(
    act: &Act<'_>,
    id: &OrganizationId,
    step: OrganizationStep,
) -> Result<Change, ManagementError> {
    act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await
}
