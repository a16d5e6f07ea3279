//! Members and invitations: who belongs to an organization, as what, and who is asked to.

use serde::{Deserialize, Serialize};

use super::Organization;
use crate::{
    Conflict, InvitationId, PersonId, Timestamp, email::Email, opaque::OpaqueDigest,
    permission::Role,
};

/// How long an invitation stays good, in seconds.
pub const INVITATION_S: u64 = 7 * 86_400;

/// How many invitations an organization may have out at once.
pub const INVITATIONS_AT_MOST: usize = 100;

/// How many members an organization may have.
pub const MEMBERS_AT_MOST: usize = 1000;

/// How many of those who left are remembered.
const LEFT_AT_MOST: usize = 1000;

/// A person who belongs to an organization.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub person_id: PersonId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// A link that makes whoever follows it a member.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// By which people name it; not what the link holds.
    pub id: InvitationId,
    /// Digest of what the link holds.
    pub digest: OpaqueDigest,
    /// Whom it was meant for.
    pub email: Email,
    /// As what.
    pub role: Role,
    /// Who invites, in words.
    pub invited_by: String,
    /// The id of the person or credential who does, if they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Organization {
    /// The member that this person is.
    pub fn member(&self, person_id: &PersonId) -> Option<&Member> {
        self.members.iter().find(|member| member.person_id == *person_id)
    }

    /// The invitation behind a link, if it is good at `now`.
    pub fn invitation(&self, digest: &OpaqueDigest, now: Timestamp) -> Option<&Invitation> {
        let found = self.invitations.iter().find(|invitation| invitation.digest == *digest);
        found.filter(|invitation| now < invitation.expires_at)
    }

    fn owners(&self) -> usize {
        self.members.iter().filter(|member| member.role == Role::Owner).count()
    }

    pub(super) fn invite(
        &mut self,
        invitation: &Invitation,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        // A second one to the same address takes the place of the first.
        self.invitations.retain(|out| now < out.expires_at && out.email != invitation.email);
        if self.invitations.len() >= INVITATIONS_AT_MOST {
            return Err(Conflict::TooMany("invitations"));
        }
        self.invitations.push(invitation.clone());
        Ok(())
    }

    pub(super) fn withdraw(&mut self, id: &InvitationId) -> Result<(), Conflict> {
        let before = self.invitations.len();
        self.invitations.retain(|out| out.id != *id);
        if self.invitations.len() == before {
            return Err(Conflict::NotFound("invitation"));
        }
        Ok(())
    }

    /// Uses an invitation up. Decided inside the store's transaction, so it makes one member.
    pub(super) fn accept(
        &mut self,
        digest: &OpaqueDigest,
        person_id: &PersonId,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        let role = self.invitation(digest, now).ok_or(Conflict::UsedUp("invitation"))?.role;
        self.add_member(person_id, role, now)?;
        self.invitations.retain(|out| out.digest != *digest);
        Ok(())
    }

    /// Makes somebody a member whom nobody has asked.
    pub(super) fn add_unasked(
        &mut self,
        person_id: &PersonId,
        role: Role,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        if self.left.contains(person_id) {
            return Err(Conflict::HasLeft);
        }
        self.add_member(person_id, role, now)
    }

    fn add_member(
        &mut self,
        person_id: &PersonId,
        role: Role,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        if self.member(person_id).is_some() {
            return Err(Conflict::AlreadyMember);
        }
        if self.members.len() >= MEMBERS_AT_MOST {
            return Err(Conflict::TooMany("members"));
        }
        self.members.push(Member { person_id: person_id.clone(), role, since: now });
        self.left.retain(|left| left != person_id);
        Ok(())
    }

    pub(super) fn set_role(&mut self, person_id: &PersonId, role: Role) -> Result<(), Conflict> {
        let was = self.member(person_id).ok_or(Conflict::NotFound("member"))?.role;
        self.refuse_to_lose_the_last_owner(was, Some(role))?;
        for member in self.members.iter_mut().filter(|member| member.person_id == *person_id) {
            member.role = role;
        }
        Ok(())
    }

    pub(super) fn remove_member(&mut self, person_id: &PersonId) -> Result<(), Conflict> {
        let was = self.member(person_id).ok_or(Conflict::NotFound("member"))?.role;
        self.refuse_to_lose_the_last_owner(was, None)?;
        self.members.retain(|member| member.person_id != *person_id);
        if self.left.len() >= LEFT_AT_MOST {
            self.left.remove(0);
        }
        self.left.push(person_id.clone());
        Ok(())
    }

    fn refuse_to_lose_the_last_owner(
        &self,
        was: Role,
        becomes: Option<Role>,
    ) -> Result<(), Conflict> {
        if was == Role::Owner && becomes != Some(Role::Owner) && self.owners() == 1 {
            return Err(Conflict::LastOwner);
        }
        Ok(())
    }
}
