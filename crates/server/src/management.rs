//! What people and programs do to an installation, each act once: the dashboard, the management
//! API and the command line all come here. An act checks who asks, makes ids and secrets, and
//! writes through the one door. Nothing here knows HTTP, and no act skips the check.

pub mod account;
pub mod apis;
pub mod audit;
pub mod bulk;
pub mod caller;
pub mod credentials;
mod error;
pub mod import;
pub mod keys;
pub mod leaks;
pub mod listing;
pub(crate) mod live_tokens;
pub mod members;
pub mod moving;
pub mod nodes;
pub mod offboarding;
pub mod organizations;
pub mod own_api;
pub mod passkeys;
pub mod people;
pub mod scopes;
pub mod secrets;
pub mod sessions;
pub mod sign_on;
pub mod webhooks;

use hallpass_core::{
    Change, Conflict, Image, Mutation, Organization, OrganizationId, Timestamp,
    change::{Key, Version},
    permission::{Duty, Permission},
    secret::Pepper,
    vault::OpenVault,
};
use hallpass_store::{Store, StoreError};

pub use self::{
    caller::{Caller, Denied, Power},
    error::ManagementError,
};
use crate::live_directory::LiveDirectory;

/// Where acts are written.
#[derive(Clone, Copy)]
pub enum Door<'a> {
    /// A running node, which acts on what it wrote before it answers.
    Node(&'a LiveDirectory),
    /// The store alone, beside whatever servers run: they follow the change log.
    Store(&'a dyn Store),
}

/// One act: who acts, when, and where it is written.
#[derive(Clone, Copy)]
pub struct Act<'a> {
    /// Who, and with what power.
    pub caller: &'a Caller,
    /// Reads come from here.
    pub store: &'a dyn Store,
    /// Writes go through here.
    pub door: Door<'a>,
    /// Digests new secrets.
    pub pepper: &'a Pepper,
    /// Seals new signing keys.
    pub vault: &'a OpenVault,
    /// When.
    pub now: Timestamp,
    /// What is changed must still be of this version.
    pub only_if: Option<&'a Version>,
}

impl<'a> Act<'a> {
    /// An act at the command line, beside whatever servers run.
    pub fn at_the_machine(
        caller: &'a Caller,
        store: &'a dyn Store,
        vault: &'a OpenVault,
        now: Timestamp,
    ) -> Self {
        Self {
            caller,
            store,
            door: Door::Store(store),
            pepper: &vault.pepper,
            vault,
            now,
            only_if: None,
        }
    }

    /// Refuses everybody but operators.
    fn must_be_operator(&self) -> Result<(), ManagementError> {
        self.caller.must_be_operator().map_err(|denied| ManagementError::denied(denied, ""))
    }

    /// Refuses everybody but operators, and programs that have the scope.
    fn must_have(&self, duty: Duty) -> Result<(), ManagementError> {
        self.caller.must_have(duty).map_err(|denied| ManagementError::denied(denied, ""))
    }

    /// The same, if what it changes is still of a version that the caller has seen.
    #[must_use]
    pub fn only_if(self, seen: Option<&'a Version>) -> Self {
        Self { only_if: seen, ..self }
    }

    /// Writes a mutation in the caller's name. Whether they may is for the act to check first.
    async fn commit(&self, mutation: &Mutation) -> Result<Change, ManagementError> {
        let guarded = self
            .only_if
            .map(|seen| Mutation::IfUnchanged(seen.clone(), Box::new(mutation.clone())));
        let mutation = guarded.as_ref().unwrap_or(mutation);
        let change = match self.door {
            Door::Node(live) => live.commit(mutation, &self.caller.actor).await?,
            Door::Store(store) => store.commit(mutation, &self.caller.actor, self.now).await?,
        };
        Ok(change)
    }

    /// Refuses if what is there is not what the caller has seen: for acts that find nothing to
    /// write.
    fn must_be_as_seen(&self, image: &Image) -> Result<(), ManagementError> {
        if self.only_if.is_some_and(|seen| *seen != image.version()) {
            return Err(Conflict::ChangedMeanwhile.into());
        }
        Ok(())
    }

    /// Lets this node act on what was written beside its door: signing keys.
    async fn settle(&self) {
        if let Door::Node(live) = self.door
            && let Err(why) = live.catch_up().await
        {
            tracing::warn!(%why, "Cannot read the change log; this node acts on a key later");
        }
    }

    /// An organization in which the caller has a permission; one that they have nothing to do
    /// with is not found.
    pub async fn organization(
        &self,
        id: &OrganizationId,
        permission: Permission,
    ) -> Result<Organization, ManagementError> {
        self.caller
            .must(permission, id)
            .map_err(|denied| ManagementError::denied(denied, "organization"))?;
        match self.store.image(&Key::Organization(id.clone())).await? {
            Some(Image::Organization(organization)) => Ok(organization),
            _ => Err(ManagementError::NotFound("organization")),
        }
    }
}

impl From<StoreError> for ManagementError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => conflict.into(),
            other => Self::Store(other),
        }
    }
}
