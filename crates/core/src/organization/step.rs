//! The steps of an organization's life that kill nothing: names, members, policy.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Invitation, Organization, Policy, SignOn};
use crate::{
    Conflict, InvitationId, PersonId, Timestamp, WebhookId,
    notice::Kind,
    opaque::OpaqueDigest,
    permission::Role,
    text::Name,
    webhook::{WEBHOOKS_AT_MOST, Webhook},
};

/// Something that happens to an organization and kills nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OrganizationStep {
    /// It is called otherwise.
    Rename(Name),
    /// Somebody is asked to become a member.
    Invite(Box<Invitation>),
    /// An invitation is taken back.
    Withdraw(InvitationId),
    /// A person follows an invitation, and it is used up.
    Accept {
        /// Digest of what the link holds.
        digest: OpaqueDigest,
        /// Who followed it.
        person_id: PersonId,
    },
    /// A person becomes a member without an invitation: by an operator, or by single sign-on.
    AddMember(PersonId, Role),
    /// A member becomes something else.
    SetRole(PersonId, Role),
    /// A member leaves.
    RemoveMember(PersonId),
    /// Its rules for credentials change.
    SetPolicy(Policy),
    /// Its people sign in elsewhere, or no longer do.
    SetSignOn(Option<Box<SignOn>>),
    /// It wants to hear of its credentials there, or otherwise than before.
    PutWebhook(Box<Webhook>),
    /// It does not want to hear of them there any more.
    RemoveWebhook(WebhookId),
    /// Its owners and admins want to hear of this by mail.
    SetMailed(BTreeSet<Kind>),
}

impl Organization {
    /// The organization after a step, or why it cannot be taken.
    pub fn after(mut self, step: &OrganizationStep, now: Timestamp) -> Result<Self, Conflict> {
        match step {
            OrganizationStep::Rename(name) => self.name = name.clone(),
            OrganizationStep::Invite(invitation) => self.invite(invitation, now)?,
            OrganizationStep::Withdraw(id) => self.withdraw(id)?,
            OrganizationStep::Accept { digest, person_id } => {
                self.accept(digest, person_id, now)?;
            }
            OrganizationStep::AddMember(person_id, role) => {
                self.add_unasked(person_id, *role, now)?;
            }
            OrganizationStep::SetRole(person_id, role) => self.set_role(person_id, *role)?,
            OrganizationStep::RemoveMember(person_id) => self.remove_member(person_id)?,
            OrganizationStep::SetPolicy(policy) => self.policy = policy.clone(),
            OrganizationStep::SetSignOn(sign_on) => self.sign_on = sign_on.as_deref().cloned(),
            OrganizationStep::PutWebhook(webhook) => self.put_webhook(webhook)?,
            OrganizationStep::RemoveWebhook(id) => {
                self.webhook(id).ok_or(Conflict::NotFound("webhook"))?;
                self.webhooks.retain(|webhook| webhook.id != *id);
            }
            OrganizationStep::SetMailed(kinds) => self.mailed = kinds.clone(),
        }
        Ok(self)
    }

    fn put_webhook(&mut self, new: &Webhook) -> Result<(), Conflict> {
        if let Some(known) = self.webhooks.iter_mut().find(|webhook| webhook.id == new.id) {
            *known = new.clone();
            return Ok(());
        }
        if self.webhooks.len() >= WEBHOOKS_AT_MOST {
            return Err(Conflict::TooMany("webhooks"));
        }
        self.webhooks.push(new.clone());
        Ok(())
    }
}

impl OrganizationStep {
    /// What the audit log calls it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Rename(_) => "organization.rename",
            Self::Invite(_) => "member.invite",
            Self::Withdraw(_) => "member.withdraw_invitation",
            Self::Accept { .. } => "member.accept_invitation",
            Self::AddMember(..) => "member.add",
            Self::SetRole(..) => "member.set_role",
            Self::RemoveMember(_) => "member.remove",
            Self::SetPolicy(_) => "organization.set_policy",
            Self::SetSignOn(_) => "organization.set_sign_on",
            Self::PutWebhook(_) => "webhook.put",
            Self::RemoveWebhook(_) => "webhook.remove",
            Self::SetMailed(_) => "organization.set_mailed",
        }
    }

    /// What the audit log says beside: nothing by which anybody could get in.
    pub fn detail(&self) -> serde_json::Value {
        match self {
            Self::Rename(name) => json!({ "name": name }),
            Self::Invite(invitation) => {
                json!({ "invitation": invitation.id, "email": invitation.email, "role": invitation.role })
            }
            Self::Withdraw(id) => json!({ "invitation": id }),
            Self::Accept { person_id, .. } | Self::RemoveMember(person_id) => {
                json!({ "person": person_id })
            }
            Self::AddMember(person_id, role) | Self::SetRole(person_id, role) => {
                json!({ "person": person_id, "role": role })
            }
            Self::SetPolicy(policy) => json!({ "policy": policy }),
            Self::SetSignOn(None) => json!({ "issuer": null }),
            Self::SetSignOn(Some(sign_on)) => json!({
                "issuer": sign_on.issuer,
                "client_id": sign_on.client_id,
                "domains": sign_on.domains,
                "default_role": sign_on.default_role,
            }),
            Self::PutWebhook(webhook) => json!({
                "webhook": webhook.id,
                // Many receivers are let in by what their path or query holds.
                "host": webhook.url.authority(),
                "kinds": webhook.kinds,
                "is_paused": webhook.is_paused,
            }),
            Self::RemoveWebhook(id) => json!({ "webhook": id }),
            Self::SetMailed(kinds) => json!({ "kinds": kinds }),
        }
    }
}
