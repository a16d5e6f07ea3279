//! Key rings: one per algorithm. Where a key stands (published, signing, retired, gone) follows
//! from its dates and the clock alone, so that all nodes switch keys without talking.

use hallpass_token::{
    feed::{Entry, Subject},
    jose::{Algorithm, Jwk},
};
use serde::{Deserialize, Serialize};

use crate::{Conflict, Installation, Timestamp, installation::FEED_MARGIN_S, vault::Sealed};

/// Where a key stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// In the JWKS, not signing yet: verifiers get to know it.
    Published,
    /// Signs.
    Signing,
    /// In the JWKS until its last token has expired.
    Retired,
    /// No token of it can be alive.
    Gone,
    /// Compromised: out of the JWKS, and its tokens are dead.
    Killed,
}

impl KeyStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Gone => "gone",
            Self::Killed => "killed",
        }
    }
}

/// One signing key, its private half sealed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// What verifiers need.
    pub public: Jwk,
    /// The private key, PKCS#8, sealed under the vault for this `kid`.
    pub sealed: Sealed,
    /// From when it is in the JWKS.
    pub published_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
    /// When it was killed, if it was.
    #[serde(default)]
    pub killed_at: Option<Timestamp>,
}

impl KeyRecord {
    /// Keys sign in this order; the `kid` decides between two that begin at the same time.
    fn order(&self) -> (Timestamp, &str) {
        (self.signs_from, &self.kid)
    }
}

/// The life of a key: as far as it is decided by the keys that there are.
#[derive(Clone, Debug)]
pub struct Span<'a> {
    /// The key, with the dates from which it is published and signs.
    pub key: &'a KeyRecord,
    /// Where it stands.
    pub status: KeyStatus,
    /// When the next one takes over; `None` while there is no next one.
    pub signs_until: Option<Timestamp>,
    /// When no token of it can be alive any more.
    pub gone_at: Option<Timestamp>,
}

/// All keys of one algorithm, in the order in which they sign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Of all its keys.
    pub algorithm: Algorithm,
    /// Oldest first.
    pub keys: Vec<KeyRecord>,
}

impl Ring {
    /// A ring without keys.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, keys: Vec::new() }
    }

    /// The key that signs at `now`: of those that have begun, the last. If none has, the first to
    /// begin: the replacement of a killed key, on a node whose clock is behind that of the killer.
    /// `None` if there is no key alive.
    pub fn signing(&self, now: Timestamp) -> Option<&KeyRecord> {
        let alive = self.keys.iter().filter(|key| key.killed_at.is_none());
        self.begun(now).or_else(|| alive.min_by(|a, b| a.order().cmp(&b.order())))
    }

    fn begun(&self, now: Timestamp) -> Option<&KeyRecord> {
        let begun = |key: &&KeyRecord| key.signs_from <= now && key.killed_at.is_none();
        self.keys.iter().filter(begun).max_by(|a, b| a.order().cmp(&b.order()))
    }

    /// The key that will sign last, whether or not it has begun. Its successor is due a rotation
    /// period after it.
    pub fn newest(&self) -> Option<&KeyRecord> {
        let alive = |key: &&KeyRecord| key.killed_at.is_none();
        self.keys.iter().filter(alive).max_by(|a, b| a.order().cmp(&b.order()))
    }

    /// Where the key stands at `now`.
    pub fn status(&self, key: &KeyRecord, now: Timestamp, longest_lifetime_s: u64) -> KeyStatus {
        if key.killed_at.is_some() {
            return KeyStatus::Killed;
        }
        if key.signs_from > now {
            return KeyStatus::Published;
        }
        match self.replaced_at(key) {
            Some(at) if at <= now => {
                // The margin covers nodes whose clock or directory lags behind.
                let gone_at = at.plus_secs(longest_lifetime_s + FEED_MARGIN_S);
                if gone_at <= now { KeyStatus::Gone } else { KeyStatus::Retired }
            }
            _ => KeyStatus::Signing,
        }
    }

    /// The life of each key, in the order in which they sign.
    pub fn spans(&self, now: Timestamp, longest_lifetime_s: u64) -> Vec<Span<'_>> {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_by(|a, b| a.order().cmp(&b.order()));
        let span = |key| {
            let signs_until = self.replaced_at(key);
            Span {
                key,
                status: self.status(key, now, longest_lifetime_s),
                signs_until,
                gone_at: signs_until.map(|at| at.plus_secs(longest_lifetime_s + FEED_MARGIN_S)),
            }
        };
        keys.into_iter().map(span).collect()
    }

    /// The keys that belong in the JWKS at `now`.
    pub fn published(&self, now: Timestamp, longest_lifetime_s: u64) -> Vec<&KeyRecord> {
        let shown = |key: &&KeyRecord| {
            !matches!(
                self.status(key, now, longest_lifetime_s),
                KeyStatus::Gone | KeyStatus::Killed
            )
        };
        self.keys.iter().filter(shown).collect()
    }

    /// When the next key takes over from this one.
    fn replaced_at(&self, key: &KeyRecord) -> Option<Timestamp> {
        let later = |other: &&KeyRecord| other.killed_at.is_none() && other.order() > key.order();
        self.keys.iter().filter(later).map(|other| other.signs_from).min()
    }

    /// Adds a key, if `after` is still the newest one: two nodes that rotate at the same time
    /// add one key, not two.
    pub(crate) fn add(mut self, key: KeyRecord, after: Option<&str>) -> Result<Self, Conflict> {
        if self.newest().map(|newest| newest.kid.as_str()) != after {
            return Err(Conflict::RotatedMeanwhile);
        }
        self.keys.push(key);
        Ok(self)
    }

    /// Kills a compromised key. A replacement that signs at once must be given if the ring
    /// would otherwise be left without a signing key.
    pub(crate) fn kill(
        mut self,
        kid: &str,
        replacement: Option<KeyRecord>,
        now: Timestamp,
    ) -> Result<Self, Conflict> {
        let key = self.keys.iter_mut().find(|key| key.kid == kid).ok_or(Conflict::NoSuchKey)?;
        if key.killed_at.is_some() {
            return Err(Conflict::AlreadyKilled);
        }
        key.killed_at = Some(now);
        self.keys.extend(replacement);
        if self.begun(now).is_none() {
            return Err(Conflict::NoSigningKey);
        }
        Ok(self)
    }

    /// Whether the ring holds a key of which no token can be alive.
    pub fn has_gone(&self, inst: &Installation, now: Timestamp) -> bool {
        self.keys.iter().any(|key| self.is_gone(key, inst, now))
    }

    /// Drops keys of which no token can be alive.
    pub(crate) fn without_gone(mut self, inst: &Installation, now: Timestamp) -> Self {
        let all = self.clone();
        self.keys.retain(|key| !all.is_gone(key, inst, now));
        self
    }

    fn is_gone(&self, key: &KeyRecord, inst: &Installation, now: Timestamp) -> bool {
        match key.killed_at {
            Some(at) => inst.until(at) <= now,
            None => self.status(key, now, inst.longest_lifetime_s) == KeyStatus::Gone,
        }
    }

    /// What the feed says of a killed key.
    pub(crate) fn death(kid: &str, inst: &Installation, now: Timestamp) -> Entry {
        Entry { subject: Subject::Key { kid: kid.to_owned() }, until_s: inst.until(now).as_secs() }
    }
}
