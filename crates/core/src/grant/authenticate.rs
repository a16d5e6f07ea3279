//! Who is asking? The same work and the same answer for an unknown client and a wrong secret.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::{Login, Refusal, Unproven, WhyNot};
use crate::{
    OrganizationId, Timestamp,
    credential::Generation,
    directory::{Directory, Entry, EntryGrant, EntrySecret, EntryStatus},
    secret::Digest,
};

/// A client that has proven its secret, and what the directory said of it at that moment.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Its owner.
    pub organization_id: OrganizationId,
    /// The generation under which its secret mints.
    pub generation: Generation,
    /// The secret's place in [`crate::Credential::secrets`].
    pub secret: u16,
    /// When the secret or the credential ends, if ever.
    pub ends_at: Option<Timestamp>,
    /// The APIs that it may call.
    pub grants: SmallVec<[EntryGrant; 1]>,
    /// Slots of the APIs whose tokens it may introspect.
    pub introspects: SmallVec<[u32; 1]>,
}

/// Checks a login. Status, dates and addresses are looked at, and told of, only once the secret
/// is proven.
pub fn authenticate(
    login: &Login<'_>,
    directory: &Directory,
    now: Timestamp,
    from: Option<IpAddr>,
) -> Result<Authenticated, Refusal> {
    let digest = directory.pepper.digest(&login.secret);
    directory.look_up(&login.client_id, |entry| {
        let proven = match entry {
            Some(entry) => entry.proves(&digest).map(|secret| (entry, secret)),
            // One comparison, as a known client with its one secret would have cost.
            None => Digest::matches(&Digest([0; 32]), &digest).then_some(None).flatten(),
        };
        let Some((entry, secret)) = proven else {
            return Err(Refusal::Unproven(Unproven::of(&login.client_id, login.secret.shape())));
        };
        usable(directory, entry, secret, now)?;
        if !entry.allows(from) {
            return Err(Refusal::AddressNotAllowed);
        }
        Ok(Authenticated {
            organization_id: entry.organization_id().clone(),
            generation: secret.generation,
            secret: secret.place,
            ends_at: entry.ends_with(secret),
            grants: entry.grants().clone(),
            introspects: entry.introspects().into(),
        })
    })
}

fn usable(
    directory: &Directory,
    entry: &Entry,
    secret: &EntrySecret,
    now: Timestamp,
) -> Result<(), Refusal> {
    let passed = |end: Option<Timestamp>| end.filter(|at| *at <= now);
    let why = match entry.status() {
        EntryStatus::Pending => WhyNot::Pending,
        EntryStatus::Revoked => WhyNot::Revoked,
        EntryStatus::Paused => WhyNot::Paused,
        EntryStatus::Active if directory.is_suspended(entry.organization_id()) => {
            WhyNot::OrganizationSuspended
        }
        EntryStatus::Active => match (passed(entry.expires_at()), passed(secret.expires_at())) {
            (Some(at), _) => WhyNot::Expired(at),
            (None, Some(at)) => WhyNot::SecretExpired(at),
            (None, None) => return Ok(()),
        },
    };
    Err(Refusal::InvalidClient(why))
}
