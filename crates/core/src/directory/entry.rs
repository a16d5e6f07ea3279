//! One credential in the directory. There may be ten million, so every byte is paid for often:
//! no names, no notes, the usual single secret and single grant without a further allocation.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use smallvec::SmallVec;

use crate::{
    Credential, OrganizationId, Scopes, SecretId, Timestamp,
    credential::{Generation, Status},
    secret::{Digest, ForeignDigest, StoredDigest},
};

/// Seconds since the epoch in four bytes (until 2106); zero stands for never.
type End = u32;

fn end(at: Option<Timestamp>) -> End {
    // A date past 2106 is kept as the last that fits, not as never.
    at.map_or(0, |at| u32::try_from(at.as_secs()).unwrap_or(u32::MAX).max(1))
}

fn earlier(a: End, b: End) -> End {
    match (a, b) {
        (0, other) | (other, 0) => other,
        (a, b) => a.min(b),
    }
}

/// Where a credential stands, without dates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryStatus {
    /// Not yet confirmed by its maker.
    Pending,
    /// Gets tokens.
    Active,
    /// Refused until resumed.
    Paused,
    /// Refused for good.
    Revoked,
}

/// One usable or expired secret.
#[derive(Clone, Debug)]
pub struct EntrySecret {
    digest: Digest,
    mint: Mint,
}

/// One usable or expired secret whose digest another server has made.
#[derive(Clone, Debug)]
pub struct ForeignSecret {
    /// Its id.
    pub id: SecretId,
    /// Slow to compare.
    pub digest: Arc<ForeignDigest>,
    mint: Mint,
}

/// What a secret that is proven mints tokens under.
#[derive(Clone, Copy, Debug)]
pub struct Mint {
    /// The generation under which it mints.
    pub generation: Generation,
    /// Its place in [`Credential::secrets`].
    pub place: u16,
    expires_s: End,
}

/// One grant: the API's slot in the catalog and a shared scope set.
#[derive(Clone, Debug)]
pub struct EntryGrant {
    /// Slot in the catalog.
    pub api: u32,
    /// What tokens for it may carry.
    pub scopes: Arc<Scopes>,
}

/// What few credentials have.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    allow_list: Vec<IpNet>,
    introspects: Vec<u32>,
    foreign: Vec<ForeignSecret>,
}

/// One credential.
#[derive(Clone, Debug)]
pub struct Entry {
    /// In here, not behind a pointer: every token carries it, and to fetch it from elsewhere costs
    /// more than its bytes.
    organization_id: OrganizationId,
    secrets: SmallVec<[EntrySecret; 1]>,
    grants: SmallVec<[EntryGrant; 1]>,
    limits: Option<Box<Limits>>,
    expires_s: End,
    status: EntryStatus,
}

impl Entry {
    pub(super) fn new(
        credential: &Credential,
        grants: SmallVec<[EntryGrant; 1]>,
        introspects: Vec<u32>,
    ) -> Self {
        let (mut secrets, mut foreign) = (SmallVec::new(), Vec::new());
        let in_place = credential.secrets.iter().enumerate();
        for (place, secret) in in_place.filter(|(_, secret)| secret.retired_at.is_none()) {
            let mint = Mint {
                generation: secret.generation,
                place: u16::try_from(place).unwrap_or(u16::MAX),
                expires_s: end(secret.expires_at),
            };
            match &secret.digest {
                StoredDigest::Own(digest) => secrets.push(EntrySecret { digest: *digest, mint }),
                StoredDigest::Foreign(digest) => {
                    let (id, digest) = (secret.id.clone(), digest.clone());
                    foreign.push(ForeignSecret { id, digest, mint });
                }
            }
        }
        let allow_list = credential.settings.allow_list.clone();
        let limited = !allow_list.is_empty() || !introspects.is_empty() || !foreign.is_empty();
        Self {
            organization_id: credential.organization_id.clone(),
            secrets,
            grants,
            limits: limited.then(|| Box::new(Limits { allow_list, introspects, foreign })),
            expires_s: end(credential.settings.expires_at),
            status: match credential.status {
                Status::Pending { .. } => EntryStatus::Pending,
                Status::Active => EntryStatus::Active,
                Status::Paused => EntryStatus::Paused,
                Status::Revoked { .. } => EntryStatus::Revoked,
            },
        }
    }

    /// What the secret of this digest mints under. Every secret is compared, each in constant
    /// time.
    pub fn proves(&self, digest: &Digest) -> Option<Mint> {
        let mut proven = None;
        for secret in &self.secrets {
            if secret.digest.matches(digest) {
                proven = Some(secret.mint);
            }
        }
        proven
    }

    /// Its secrets whose digests only a slow check can compare.
    pub fn foreign(&self) -> &[ForeignSecret] {
        self.limits.as_ref().map_or(&[], |limits| &limits.foreign)
    }

    /// Its owner.
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization_id
    }

    /// The APIs that it may call.
    pub fn grants(&self) -> &SmallVec<[EntryGrant; 1]> {
        &self.grants
    }

    /// Where it stands.
    pub fn status(&self) -> EntryStatus {
        self.status
    }

    /// When it ends, if ever.
    pub fn expires_at(&self) -> Option<Timestamp> {
        at(self.expires_s)
    }

    /// When the credential or this secret of it ends, whichever is first.
    pub fn ends_with(&self, mint: Mint) -> Option<Timestamp> {
        at(earlier(self.expires_s, mint.expires_s))
    }

    /// Whether token requests may come from `address`. An unknown address is refused if there is
    /// any rule: a limit that cannot be checked must not pass.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        let Some(limits) = &self.limits else { return true };
        limits.allow_list.is_empty()
            || address.is_some_and(|address| {
                // A dual-stack socket shows IPv4 callers as ::ffff:a.b.c.d.
                let address = address.to_canonical();
                limits.allow_list.iter().any(|net| net.contains(&address))
            })
    }

    /// Slots of the APIs whose tokens it may introspect.
    pub fn introspects(&self) -> &[u32] {
        self.limits.as_ref().map_or(&[], |limits| &limits.introspects)
    }
}

impl ForeignSecret {
    /// What it mints under, once it is proven.
    pub fn mint(&self) -> Mint {
        self.mint
    }
}

impl Mint {
    /// When it ends, if ever.
    pub fn expires_at(&self) -> Option<Timestamp> {
        at(self.expires_s)
    }
}

fn at(end: End) -> Option<Timestamp> {
    (end != 0).then(|| Timestamp::from_secs(u64::from(end)))
}
