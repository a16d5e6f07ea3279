//! Generations: which tokens a kill reaches. Every usable secret mints under a generation of its
//! own, so killing one generation kills the tokens of one secret and no others.

use hallpass_token::{
    feed::{Entry, Subject},
    revocation::Handle,
};
use serde::{Deserialize, Serialize};

use super::{Credential, Status};
use crate::{Installation, Timestamp};

/// The `gen` claim: a number from the credential's own counter, never given out twice.
pub type Generation = u32;

/// A generation whose tokens are dead.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DeadGeneration {
    /// Which.
    pub generation: Generation,
    /// When the last token of it will have expired.
    pub until: Timestamp,
}

impl Credential {
    /// A generation that no token carries yet.
    pub(super) fn fresh_generation(&mut self) -> Generation {
        self.generation += 1;
        self.generation
    }

    /// Marks the generation's tokens as dead.
    pub(super) fn kill(&mut self, generation: Generation, until: Timestamp) {
        self.dead.retain(|dead| dead.generation != generation);
        self.dead.push(DeadGeneration { generation, until });
    }

    /// Kills every generation that a secret mints under, and gives the secrets fresh ones.
    pub(super) fn kill_all_generations(&mut self, until: Timestamp) {
        for at in 0..self.secrets.len() {
            self.kill(self.secrets[at].generation, until);
            self.secrets[at].generation = self.fresh_generation();
        }
    }

    /// Marks all tokens as dead until the status changes again.
    pub(super) fn kill_all(&mut self, until: Timestamp) {
        self.all_dead_until = Some(until);
    }

    /// Ends what [`Self::kill_all`] began; single generations stay dead.
    pub(super) fn end_kill_all(&mut self) {
        self.all_dead_until = None;
    }

    /// Whether the tokens of this generation are dead.
    pub fn is_dead(&self, generation: Generation) -> bool {
        matches!(self.status, Status::Paused | Status::Revoked { .. })
            || self.dead.iter().any(|dead| dead.generation == generation)
    }

    /// Generations whose tokens are dead, as long as such tokens may be around.
    pub fn dead_generations(&self) -> impl Iterator<Item = Generation> {
        self.dead.iter().map(|dead| dead.generation)
    }

    /// Forgets generations whose last token has expired.
    pub(super) fn forget_expired(&mut self, now: Timestamp) {
        self.dead.retain(|dead| dead.until > now);
    }

    /// What the feed says of this credential; `None` when nothing of it is dead.
    pub fn death(&self) -> Option<Entry> {
        let handle = Handle::of(self.client_id.as_str());
        if let Some(until) = self.all_dead_until {
            let subject = Subject::Credential { handle, generations: None };
            return Some(Entry { subject, until_s: until.as_secs() });
        }
        let until = self.dead.iter().map(|dead| dead.until).max()?;
        let mut generations: Vec<Generation> = self.dead_generations().collect();
        generations.sort_unstable();
        let subject = Subject::Credential { handle, generations: Some(generations) };
        Some(Entry { subject, until_s: until.as_secs() })
    }

    /// What the feed must go on saying after the credential has been deleted.
    pub(crate) fn last_words(&self, installation: &Installation, now: Timestamp) -> Entry {
        self.death().unwrap_or_else(|| Entry {
            subject: Subject::Credential {
                handle: Handle::of(self.client_id.as_str()),
                generations: None,
            },
            until_s: installation.until(now).as_secs(),
        })
    }
}
