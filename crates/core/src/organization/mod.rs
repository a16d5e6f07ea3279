//! Organizations: the provider's customers, who own credentials.

mod members;
mod policy;
mod sign_on;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use hallpass_token::{
    feed::{Entry, Subject},
    revocation::Handle,
};
use serde::{Deserialize, Serialize};

pub use self::{
    members::{INVITATION_S, INVITATIONS_AT_MOST, Invitation, MEMBERS_AT_MOST, Member},
    policy::{Policy, PolicyViolation},
    sign_on::{BadSignOn, DOMAINS_AT_MOST, Domain, ProviderIssuer, SignOn},
    step::OrganizationStep,
};
use crate::{
    Installation, OrganizationId, PersonId, Timestamp, WebhookId, notice::Kind, text::Name,
    webhook::Webhook,
};

/// Whether an organization's credentials work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationStatus {
    /// They do.
    Active,
    /// None gets a token, and every live token of all of them is dead.
    Suspended,
}

/// A customer of the provider.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    /// Its id, and the `org` claim of its tokens.
    pub id: OrganizationId,
    /// Unique in the installation.
    pub name: Name,
    /// Whether its credentials work.
    pub status: OrganizationStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last suspended, if it ever was.
    #[serde(default)]
    pub suspended_at: Option<Timestamp>,
    /// Who belongs to it, in the order in which they came.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Who no longer does, the latest last: they come back only if they are asked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<PersonId>,
    /// Who is asked to.
    #[serde(default)]
    pub invitations: Vec<Invitation>,
    /// Its own rules for its credentials.
    #[serde(default)]
    pub policy: Policy,
    /// Where its people sign in, if not here.
    #[serde(default)]
    pub sign_on: Option<SignOn>,
    /// Where it hears of its credentials.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// Of what its owners and admins hear by mail.
    #[serde(default = "kinds_by_mail")]
    pub mailed: BTreeSet<Kind>,
}

/// What nobody should have to ask for: what stops a program if nobody does anything.
fn kinds_by_mail() -> BTreeSet<Kind> {
    [Kind::Expiring, Kind::Leaked, Kind::ApprovalAsked].into()
}

impl Organization {
    /// A new, active organization.
    pub fn new(id: OrganizationId, name: Name, now: Timestamp) -> Self {
        Self {
            id,
            name,
            status: OrganizationStatus::Active,
            created_at: now,
            suspended_at: None,
            members: Vec::new(),
            left: Vec::new(),
            invitations: Vec::new(),
            policy: Policy::default(),
            sign_on: None,
            webhooks: Vec::new(),
            mailed: kinds_by_mail(),
        }
    }

    /// The webhook of this id.
    pub fn webhook(&self, id: &WebhookId) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.id == *id)
    }

    /// What the feed says of this organization after a change at `now`: while it is suspended all
    /// its tokens are dead; once resumed, those issued before.
    pub(crate) fn death(&self, installation: &Installation, now: Timestamp) -> Entry {
        let before_s = match self.status {
            OrganizationStatus::Suspended => None,
            // `iat` has whole seconds, so the whole second of the suspension stays dead.
            OrganizationStatus::Active => {
                let suspended = self.suspended_at.map_or(0, |at| at.as_secs() + 1);
                Some(suspended.max(now.as_secs()))
            }
        };
        Entry {
            subject: Subject::Organization { handle: Handle::of(self.id.as_str()), before_s },
            until_s: installation.until(now).as_secs(),
        }
    }
}
