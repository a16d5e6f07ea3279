//! The revocation feed as it is written and read: entries, the snapshot of all live ones, and the
//! events of the stream. Anybody can read it, so it must never hold a name, only handles.

mod sse;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::{Map, Value};

pub use sse::{Event, MAX_EVENT_LEN, SseReader, Unreadable};

use crate::{
    json::{self, Strict},
    revocation::Handle,
    verify::LEEWAY_MAX_S,
};

/// The `until` of an entry whose last dead token has this `exp` (Unix seconds): later by the most
/// leeway that a verifier may give, so that no entry leaves while a dead token could still pass.
pub fn until_s(last_exp_s: u64) -> u64 {
    last_exp_s.saturating_add(LEEWAY_MAX_S)
}

/// One thing that died.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What died.
    pub subject: Subject,
    /// `until`, in Unix seconds: from then on the entry kills nothing and may be dropped.
    pub until_s: u64,
}

/// What an [`Entry`] kills.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// `h`: tokens of a credential.
    Credential {
        /// Of the `client_id`.
        handle: Handle,
        /// `gens`: only tokens of these generations; all tokens when absent.
        generations: Option<Vec<u32>>,
    },
    /// `t`: a single token.
    Token {
        /// Of the `jti`.
        handle: Handle,
    },
    /// `k`: all tokens that a key signed.
    Key {
        /// As in the header of the tokens.
        kid: String,
    },
    /// `o`: tokens of an organization.
    Organization {
        /// Of the `org`.
        handle: Handle,
        /// `before`: only tokens whose `iat` (Unix seconds) is less; all tokens when absent.
        before_s: Option<u64>,
    },
}

/// An entry of which this reader cannot say what it kills. Whoever steps over one no longer knows
/// everything, and must say so.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadEntry {
    /// Not JSON, or a member of the wrong type or given twice.
    #[error("malformed entry: {0}")]
    Malformed(&'static str),
    /// None of `h`, `t`, `k`, `o`: of a later version, perhaps.
    #[error("an entry of an unknown kind")]
    UnknownSubject,
    /// More than one subject, or a limit that does not belong to the subject.
    #[error("an entry of more than one kind")]
    Ambiguous,
}

impl Entry {
    /// The identity: a later entry of the same identity replaces the earlier one.
    pub fn key(&self) -> String {
        match &self.subject {
            Subject::Credential { handle, .. } => format!("h:{handle}"),
            Subject::Token { handle } => format!("t:{handle}"),
            Subject::Key { kid } => format!("k:{kid}"),
            Subject::Organization { handle, .. } => format!("o:{handle}"),
        }
    }

    /// Reads one entry; members that this version does not know are ignored.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn from_json(json: &[u8]) -> Result<Self, BadEntry> {
        let members = json::object(json).map_err(|_| BadEntry::Malformed("not an object"))?;
        Self::from_members(&members)
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self, BadEntry> {
        let handle = |name: &'static str| {
            let text = members.get(name).and_then(Value::as_str);
            let handle = text.and_then(|text| text.parse::<Handle>().ok());
            handle.ok_or(BadEntry::Malformed("a handle is none"))
        };
        let has = |name: &str| members.contains_key(name);
        let subject = match (has("h"), has("t"), has("k"), has("o")) {
            (true, false, false, false) => {
                Subject::Credential { handle: handle("h")?, generations: generations(members)? }
            }
            (false, true, false, false) => Subject::Token { handle: handle("t")? },
            (false, false, true, false) => match members.get("k") {
                Some(Value::String(kid)) => Subject::Key { kid: kid.clone() },
                _ => return Err(BadEntry::Malformed("k is not a string")),
            },
            (false, false, false, true) => Subject::Organization {
                handle: handle("o")?,
                before_s: match members.get("before") {
                    None => None,
                    Some(before) => Some(seconds(before)?),
                },
            },
            (false, false, false, false) => return Err(BadEntry::UnknownSubject),
            _ => return Err(BadEntry::Ambiguous),
        };
        // A limit beside another subject would be a narrower kill in a language that we lack.
        if has("gens") && !has("h") || has("before") && !has("o") {
            return Err(BadEntry::Ambiguous);
        }
        let until = members.get("until").ok_or(BadEntry::Malformed("until is missing"))?;
        Ok(Self { subject, until_s: seconds(until)? })
    }

    fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match &self.subject {
            Subject::Credential { handle, generations } => {
                map.serialize_entry("h", handle)?;
                if let Some(generations) = generations {
                    map.serialize_entry("gens", generations)?;
                }
            }
            Subject::Token { handle } => map.serialize_entry("t", handle)?,
            Subject::Key { kid } => map.serialize_entry("k", kid)?,
            Subject::Organization { handle, before_s } => {
                map.serialize_entry("o", handle)?;
                if let Some(before_s) = before_s {
                    map.serialize_entry("before", before_s)?;
                }
            }
        }
        map.serialize_entry("until", &self.until_s)
    }
}

fn generations(members: &Map<String, Value>) -> Result<Option<Vec<u32>>, BadEntry> {
    const BAD: BadEntry = BadEntry::Malformed("gens is not an array of small integers");
    let Some(gens) = members.get("gens") else { return Ok(None) };
    let small = |n: &Value| n.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or(BAD);
    gens.as_array().ok_or(BAD)?.iter().map(small).collect::<Result<_, _>>().map(Some)
}

fn seconds(value: &Value) -> Result<u64, BadEntry> {
    value.as_u64().ok_or(BadEntry::Malformed("a time is not a whole number of seconds"))
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        self.write_members(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Read::deserialize(from)?.0.map_err(D::Error::custom)
    }
}

/// Everything that is dead: the answer of `GET /revocations`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// The sequence number of the last change that is in it.
    pub seq: u64,
    /// The time, in Unix seconds, up to which the answering node has seen every change.
    pub as_of: u64,
    /// One per identity.
    pub entries: Vec<Entry>,
}

/// A snapshot as it was read, with what of it was not understood.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReadSnapshot {
    /// The entries that were understood.
    pub snapshot: Snapshot,
    /// One for each other entry: with any of these the reader is partly blind, and must say so.
    pub not_understood: Vec<BadEntry>,
}

/// Not a snapshot at all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a revocation snapshot: {0}")]
pub struct BadSnapshot(String);

impl Snapshot {
    /// Reads a snapshot. The length of `json` is for the caller to bound.
    ///
    /// # Errors
    /// [`BadSnapshot`] when it is not of the shape `{"seq":…,"as_of":…,"entries":[…]}`.
    pub fn from_json(json: &[u8]) -> Result<ReadSnapshot, BadSnapshot> {
        let raw: RawSnapshot =
            serde_json::from_slice(json).map_err(|e| BadSnapshot(e.to_string()))?;
        let mut read = ReadSnapshot {
            snapshot: Self {
                seq: raw.seq,
                as_of: raw.as_of,
                entries: Vec::with_capacity(raw.entries.len()),
            },
            not_understood: Vec::new(),
        };
        for Read(entry) in raw.entries {
            match entry {
                Ok(entry) => read.snapshot.entries.push(entry),
                Err(bad) => read.not_understood.push(bad),
            }
        }
        Ok(read)
    }
}

#[derive(Deserialize)]
struct RawSnapshot {
    seq: u64,
    as_of: u64,
    entries: Vec<Read>,
}

/// One element of `entries`: a bad one must not take the others with it.
#[derive(Deserialize)]
#[serde(from = "Strict")]
struct Read(Result<Entry, BadEntry>);

impl From<Strict> for Read {
    fn from(Strict(value): Strict) -> Self {
        Self(match value {
            Value::Object(members) => Entry::from_members(&members),
            _ => Err(BadEntry::Malformed("not an object")),
        })
    }
}

#[cfg(test)]
mod tests;
