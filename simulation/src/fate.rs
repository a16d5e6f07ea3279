//! Which tokens are dead, worked out from what was asked for and nothing else: not by generations
//! and not by the feed, so that a mistake there cannot hide here.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use hallpass_core::{ClientId, Mutation, OrganizationId, SecretId, credential::LiveTokens};
use tokio::time::Instant;

use crate::{
    clock::SKEW_MOST_MS,
    database::{Database, Written},
};

/// By how much two clocks may differ, in seconds, rounding included.
const APART_S: u64 = 2 * SKEW_MOST_MS / 1000 + 1;

/// A token that a node gave out.
pub(crate) struct Token {
    /// The JWT.
    pub(crate) token: String,
    /// The credential.
    pub(crate) client_id: ClientId,
    /// The secret that was shown.
    pub(crate) secret_id: SecretId,
    /// The owner.
    pub(crate) organization_id: OrganizationId,
    /// The key.
    pub(crate) kid: String,
    /// Its own id.
    pub(crate) jti: String,
    /// When it ends, in Unix seconds.
    pub(crate) exp_s: u64,
    /// When, in true time.
    pub(crate) at: Instant,
    /// When, by the clock of the node, in Unix seconds.
    pub(crate) iat_s: u64,
    /// The node.
    pub(crate) node: usize,
    /// The last change that the node had applied.
    pub(crate) seen: u64,
    /// How many changes had been acknowledged, by all nodes.
    pub(crate) acknowledged: usize,
}

/// What is known of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// Nothing has killed it.
    Live,
    /// Killed, and its killer knows since then that it is so.
    Dead(Instant),
    /// Killed perhaps: nobody was told, or clocks disagree on which came first.
    Unsure,
}

/// That a change was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledgement {
    /// When.
    pub(crate) at: Instant,
    /// By which node.
    pub(crate) node: usize,
    /// How many there were before: two things of one moment have an order too.
    pub(crate) nr: usize,
}

/// Who was told of which commit, and when.
#[derive(Default)]
pub(crate) struct Acknowledged(Mutex<BTreeMap<u64, Acknowledgement>>);

impl Acknowledged {
    /// Notes that a node acknowledged a change.
    pub(crate) fn note(&self, seq: u64, node: usize) {
        let mut acks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let nr = acks.len();
        acks.insert(seq, Acknowledgement { at: Instant::now(), node, nr });
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// That of a change, if it was acknowledged.
    pub(crate) fn of(&self, seq: u64) -> Option<Acknowledgement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&seq).copied()
    }
}

impl Token {
    /// What has become of it.
    pub(crate) fn fate(&self, database: &Database, acknowledged: &Acknowledged) -> Fate {
        let (mut dead, mut is_unsure) = (None::<Instant>, false);
        let mut suspended = None;
        database.each(|written| {
            let ack = acknowledged.of(written.change.seq);
            let own = ack.is_some_and(|ack| ack.node == self.node && ack.nr < self.acknowledged);
            let is_seen = written.change.seq <= self.seen || own;
            match &written.mutation {
                Mutation::ResumeOrganization(id) if *id == self.organization_id => {
                    let before_s = written.change.at.as_secs();
                    let surely = self.iat_s + APART_S < before_s;
                    if is_seen {
                        // A token of right after may look older than the end of the suspension.
                        is_unsure |= self.iat_s < before_s + APART_S;
                    } else if let Some(ack) = suspended.take() {
                        match ack {
                            Some(at) if surely => dead = Some(dead.map_or(at, |d| d.min(at))),
                            _ => is_unsure = true,
                        }
                    }
                }
                _ if is_seen => {}
                Mutation::SuspendOrganization(id) if *id == self.organization_id => {
                    suspended = Some(ack.map(|ack| ack.at.max(self.at)));
                }
                _ if self.is_killed_by(written) => match ack {
                    Some(ack) => {
                        let at = ack.at.max(self.at);
                        dead = Some(dead.map_or(at, |dead| dead.min(at)));
                    }
                    None => is_unsure = true,
                },
                _ => {}
            }
        });
        match suspended {
            Some(Some(at)) => dead = Some(dead.map_or(at, |dead| dead.min(at))),
            Some(None) => is_unsure = true,
            None => {}
        }
        match dead {
            Some(at) => Fate::Dead(at),
            None if is_unsure => Fate::Unsure,
            None => Fate::Live,
        }
    }

    fn is_killed_by(&self, written: &Written) -> bool {
        match &written.mutation {
            Mutation::RevokeCredential(id)
            | Mutation::PauseCredential(id)
            | Mutation::DeleteCredential(id) => *id == self.client_id,
            Mutation::RetireSecret { client_id, secret_id, live: LiveTokens::Kill }
            | Mutation::KillTokens { client_id, secret_id }
            | Mutation::RetireLeakedSecret { client_id, secret_id } => {
                *client_id == self.client_id && *secret_id == self.secret_id
            }
            Mutation::RevokeToken { jti, .. } => *jti == self.jti,
            Mutation::KillKey { kid, .. } => *kid == self.kid,
            _ => false,
        }
    }
}
