//! What a verifier knows to be dead, and whether a given token is among it. It believes its feed
//! and nobody else, does one or two hash look-ups per token, and never asks for anything.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
    str::FromStr,
};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    claims::Claims,
    feed::{Entry, Snapshot, Subject},
};

/// What stands for an identifier in the public feed: the first 16 bytes of its SHA-256, written
/// in base64url. 128 bits do not collide, and do not tell the identifier.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle([u8; 16]);

/// Not 22 characters of canonical base64url.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a handle: expected 22 characters of base64url")]
pub struct BadHandle;

impl Handle {
    /// The handle of a `client_id`, a `jti` or an `org`.
    pub fn of(identifier: &str) -> Self {
        let sha256 = digest::digest(&digest::SHA256, identifier.as_bytes());
        let mut handle = [0; 16];
        handle.copy_from_slice(&sha256.as_ref()[..16]);
        Self(handle)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Handle {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Handle {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadHandle)?;
        bytes.try_into().map(Self).map_err(|_| BadHandle)
    }
}

impl TryFrom<String> for Handle {
    type Error = BadHandle;

    fn try_from(text: String) -> Result<Self, BadHandle> {
        text.parse()
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.to_string()
    }
}

impl Hash for Handle {
    /// Half of a handle is hash enough: it is one already.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Passes the first half of a [`Handle`] on as its hash. Outputs of SHA-256 are uniform, and the
/// identifiers behind them are the issuer's own, so nobody can fill one bucket; the feed itself
/// is trusted anyway, since it could simply kill everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandleHasher(u64);

impl Hasher for HandleHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn write(&mut self, bytes: &[u8]) {
        // No `Handle` comes here; other keys work, only worse.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

type ByHandle<V> = HashMap<Handle, V, BuildHasherDefault<HandleHasher>>;

/// The live part of the feed, as a verifier holds it: 100,000 entries take less than 8 MB.
#[derive(Clone, Debug, Default)]
pub struct RevocationSet {
    credentials: ByHandle<DeadCredential>,
    tokens: ByHandle<u64>,
    organizations: ByHandle<DeadOrganization>,
    /// A handful at most.
    keys: Vec<(Box<str>, u64)>,
}

#[derive(Clone, Debug)]
struct DeadCredential {
    until_s: u64,
    generations: Generations,
}

/// 16 bytes, and no allocation for a credential of few secrets.
#[derive(Clone, Debug)]
enum Generations {
    All,
    Few(u8, [u32; 3]),
    #[expect(clippy::box_collection, reason = "a thin pointer keeps the entry at 40 bytes")]
    Many(Box<Vec<u32>>),
}

#[derive(Clone, Debug)]
struct DeadOrganization {
    until_s: u64,
    before_s: Option<u64>,
}

/// What of a token the feed can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Presented<'a> {
    /// Of `client_id`.
    pub client: Handle,
    /// Of `jti`.
    pub jti: Handle,
    /// Of the key that verified it.
    pub kid: &'a str,
    /// `gen`.
    pub generation: Option<u32>,
    /// Of `org`.
    pub organization: Option<Handle>,
    /// `iat`, in Unix seconds.
    pub iat_s: u64,
}

impl<'a> Presented<'a> {
    /// Hashes the identifiers of a token: up to three times SHA-256, so worth keeping beside
    /// cached claims.
    pub fn of(claims: &Claims, kid: &'a str) -> Self {
        Self {
            client: Handle::of(&claims.client_id),
            jti: Handle::of(&claims.jti),
            kid,
            generation: claims.generation,
            organization: claims.organization.as_deref().map(Handle::of),
            iat_s: claims.iat,
        }
    }
}

/// What killed a token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Death {
    /// Its credential: all tokens are dead.
    #[error("its credential")]
    Credential,
    /// The generation of its credential under which it was minted.
    #[error("its generation")]
    Generation,
    /// Itself alone.
    #[error("the token itself")]
    Token,
    /// The key that signed it.
    #[error("its signing key")]
    Key,
    /// The organization of its credential.
    #[error("its organization")]
    Organization,
}

impl RevocationSet {
    /// Learns one entry. It replaces the earlier entry of the same identity, even where the new
    /// one kills less: that is how a resumed credential comes back.
    pub fn apply(&mut self, entry: &Entry) {
        let until_s = entry.until_s;
        match &entry.subject {
            Subject::Credential { handle, generations } => {
                let generations = Generations::new(generations.as_deref());
                self.credentials.insert(*handle, DeadCredential { until_s, generations });
            }
            Subject::Token { handle } => {
                self.tokens.insert(*handle, until_s);
            }
            Subject::Key { kid } => {
                self.keys.retain(|(known, _)| **known != **kid);
                self.keys.push((kid.as_str().into(), until_s));
            }
            Subject::Organization { handle, before_s } => {
                let dead = DeadOrganization { until_s, before_s: *before_s };
                self.organizations.insert(*handle, dead);
            }
        }
    }

    /// Forgets everything and learns the snapshot.
    pub fn replace(&mut self, snapshot: &Snapshot) {
        *self = Self::default();
        snapshot.entries.iter().for_each(|entry| self.apply(entry));
    }

    /// Drops the entries that no longer kill anything. Verdicts do not depend on it.
    pub fn prune(&mut self, now_s: u64) {
        self.credentials.retain(|_, dead| now_s < dead.until_s);
        self.tokens.retain(|_, until_s| now_s < *until_s);
        self.organizations.retain(|_, dead| now_s < dead.until_s);
        self.keys.retain(|(_, until_s)| now_s < *until_s);
        shrink(&mut self.credentials);
        shrink(&mut self.tokens);
        shrink(&mut self.organizations);
    }

    /// How many entries are held, those past their time included.
    pub fn len(&self) -> usize {
        self.credentials.len() + self.tokens.len() + self.organizations.len() + self.keys.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What killed the token, if anything did. From its `until` on an entry kills nothing. A token
    /// without generation cannot be told apart from the dead ones of its credential, so any dead
    /// generation kills it. `now_s` is in Unix seconds.
    pub fn verdict(&self, presented: &Presented<'_>, now_s: u64) -> Option<Death> {
        if let Some(dead) = self.credentials.get(&presented.client)
            && now_s < dead.until_s
            && let Some(death) = dead.generations.kill(presented.generation)
        {
            return Some(death);
        }
        if self.tokens.get(&presented.jti).is_some_and(|until_s| now_s < *until_s) {
            return Some(Death::Token);
        }
        if let Some(organization) = &presented.organization
            && let Some(dead) = self.organizations.get(organization)
            && now_s < dead.until_s
            && dead.before_s.is_none_or(|before_s| presented.iat_s < before_s)
        {
            return Some(Death::Organization);
        }
        let key = self.keys.iter().find(|(kid, _)| **kid == *presented.kid);
        key.is_some_and(|(_, until_s)| now_s < *until_s).then_some(Death::Key)
    }
}

impl Generations {
    fn new(dead: Option<&[u32]>) -> Self {
        match dead {
            None => Self::All,
            Some(few @ ([] | [_] | [_, _] | [_, _, _])) => {
                let mut inline = [0; 3];
                inline[..few.len()].copy_from_slice(few);
                Self::Few(few.len() as u8, inline)
            }
            Some(many) => {
                let mut sorted = many.to_vec();
                sorted.sort_unstable();
                sorted.dedup();
                sorted.shrink_to_fit();
                Self::Many(Box::new(sorted))
            }
        }
    }

    fn kill(&self, generation: Option<u32>) -> Option<Death> {
        let dead = match self {
            Self::All => return Some(Death::Credential),
            Self::Few(len, inline) => &inline[..usize::from(*len)],
            Self::Many(sorted) => sorted,
        };
        let hit = match generation {
            Some(generation) if dead.len() > 3 => dead.binary_search(&generation).is_ok(),
            Some(generation) => dead.contains(&generation),
            None => !dead.is_empty(),
        };
        hit.then_some(Death::Generation)
    }
}

/// Gives memory back after a great dying, without shrinking and growing by turns.
fn shrink<V>(map: &mut ByHandle<V>) {
    if map.capacity() > 1024 && map.len() < map.capacity() / 4 {
        map.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests;
