//! Who is asking? The same work and the same answer for an unknown client and a wrong secret.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::{Login, Refusal, Unproven, WhyNot};
use crate::{
    OrganizationId, Timestamp,
    credential::Generation,
    directory::{Directory, Entry, EntryGrant, EntryStatus, ForeignSecret, Mint},
    secret::{Digest, ForeignDigest},
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
    let mut digests = login.readings().map(|secret| directory.pepper.digest(secret));
    directory.look_up(&login.client_id, |entry| {
        let proven = match entry {
            Some(entry) => {
                let mint = digests.fold(None, |proven, digest| entry.proves(&digest).or(proven));
                mint.map(|mint| (entry, mint))
            }
            // One comparison, as a known client with its one secret would have cost.
            None => {
                digests.any(|digest| Digest([0; 32]).matches(&digest)).then_some(None).flatten()
            }
        };
        let Some((entry, mint)) = proven else {
            return Err(Refusal::Unproven(Unproven::of(login)));
        };
        let_in(directory, entry, mint, (now, from))
    })
}

/// The secrets of the client that only a slow check can compare with what was presented; none, if
/// there is no such client.
pub fn foreign(login: &Login<'_>, directory: &Directory) -> Vec<ForeignSecret> {
    directory.look_up(&login.client_id, |entry| {
        entry.map_or_else(Vec::new, |entry| entry.foreign().to_vec())
    })
}

/// Lets in whoever has proven a secret by its foreign digest, if the directory still says so: the
/// check took its time. By now it may have our digest too.
pub fn authenticate_proven(
    login: &Login<'_>,
    proven: &ForeignDigest,
    directory: &Directory,
    now: Timestamp,
    from: Option<IpAddr>,
) -> Result<Authenticated, Refusal> {
    let still = directory.look_up(&login.client_id, |entry| {
        let entry = entry?;
        let secret = entry.foreign().iter().find(|secret| *secret.digest == *proven)?;
        Some(let_in(directory, entry, secret.mint(), (now, from)))
    });
    still.unwrap_or_else(|| authenticate(login, directory, now, from))
}

fn let_in(
    directory: &Directory,
    entry: &Entry,
    mint: Mint,
    at: (Timestamp, Option<IpAddr>),
) -> Result<Authenticated, Refusal> {
    let (now, from) = at;
    usable(directory, entry, mint, now)?;
    if !entry.allows(from) {
        return Err(Refusal::AddressNotAllowed);
    }
    Ok(Authenticated {
        organization_id: entry.organization_id().clone(),
        generation: mint.generation,
        secret: mint.place,
        ends_at: entry.ends_with(mint),
        grants: entry.grants().clone(),
        introspects: entry.introspects().into(),
    })
}

fn usable(directory: &Directory, entry: &Entry, mint: Mint, now: Timestamp) -> Result<(), Refusal> {
    let passed = |end: Option<Timestamp>| end.filter(|at| *at <= now);
    let why = match entry.status() {
        EntryStatus::Pending => WhyNot::Pending,
        EntryStatus::Revoked => WhyNot::Revoked,
        EntryStatus::Paused => WhyNot::Paused,
        EntryStatus::Active if directory.is_suspended(entry.organization_id()) => {
            WhyNot::OrganizationSuspended
        }
        EntryStatus::Active => match (passed(entry.expires_at()), passed(mint.expires_at())) {
            (Some(at), _) => WhyNot::Expired(at),
            (None, Some(at)) => WhyNot::SecretExpired(at),
            (None, None) => return Ok(()),
        },
    };
    Err(Refusal::InvalidClient(why))
}
