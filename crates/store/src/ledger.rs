//! What a mutation adds to the logs: its numbers, its audit event, its change and its death. The
//! same for every backend, which writes it and adds nothing. Public for the backend that the
//! simulation has in memory.

use hallpass_core::{
    Change, Image, Installation, Mutation, Timestamp,
    audit::{Actor, Event},
    change::{Death, Effect, Key},
    mutation::Made,
};

use crate::StoreError;

/// The one row by which all writers queue up.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    /// The last change.
    pub seq: u64,
    /// The last death.
    pub feed_seq: u64,
    /// The hash of the last audit event.
    pub audit_hash: String,
    /// What holds for the whole installation.
    pub installation: Installation,
}

/// What is to be written for one mutation, beside the row that its effect puts or removes.
#[derive(Debug)]
pub struct Entry {
    /// The change, with its death.
    pub change: Change,
    /// The audit event.
    pub event: Event,
}

impl Counter {
    /// Does what the mutation does to `current`, the row as it is, and takes the next numbers.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]; no number is taken then.
    pub fn enter(
        &mut self,
        mutation: &Mutation,
        current: Option<Image>,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Entry, StoreError> {
        let by = actor.to_string();
        let outcome = mutation.apply(current, &self.installation, Made { at, by: &by })?;
        self.seq += 1;
        if let Effect::Put(image) = &outcome.effect {
            learn(&mut self.installation, image);
        }
        let death = outcome.death.map(|entry| {
            self.feed_seq += 1;
            Death { feed_seq: self.feed_seq, entry }
        });
        let event = Event::chained(&self.audit_hash, self.seq, at, actor, outcome.deed);
        self.audit_hash.clone_from(&event.hash);
        let change = Change { seq: self.seq, at, effect: outcome.effect, death };
        Ok(Entry { change, event })
    }
}

/// What the installation's own row learns from a row that was written.
fn learn(installation: &mut Installation, image: &Image) {
    match image {
        Image::Api(api) => {
            let longest_s = &mut installation.longest_lifetime_s;
            *longest_s = api.token_lifetime_s.max(*longest_s);
        }
        Image::Vault(vault) => installation.vault = Some(vault.clone()),
        Image::Organization(_)
        | Image::Credential(_)
        | Image::Ring(_)
        | Image::Person(_)
        | Image::Session(_) => {}
    }
}

/// A key's kind, in words.
pub fn kind(key: &Key) -> &'static str {
    match key {
        Key::Organization(_) => "organization",
        Key::Api(_) => "API",
        Key::Credential(_) => "credential",
        Key::Ring(_) => "key ring",
        Key::Person(_) => "person",
        Key::Session(_) => "session",
        Key::Vault => "vault",
    }
}
