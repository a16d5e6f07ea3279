//! The stream of the revocation feed: server-sent events (WHATWG HTML §9.2), written and read.
//! The reader keeps a bounded part of the stream in memory and never loses its place: what it
//! cannot read it reports, so that nothing is missed in silence.

use std::fmt::Write as _;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{BadEntry, Entry};
use crate::json;

/// The longest event that is read, in bytes, over all its lines.
pub const MAX_EVENT_LEN: usize = 256 * 1024;

/// One event of the stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// Something died, or came back.
    Revocation {
        /// Gapless: a reader that misses a number fetches what it missed.
        seq: u64,
        /// What died.
        entry: Entry,
    },
    /// Nothing happened, and the feed knows that.
    Heartbeat {
        /// The latest sequence number of the feed: a reader behind it has missed an event.
        seq: u64,
        /// The time, in Unix seconds, up to which the node has seen every change.
        as_of: u64,
    },
    /// The place that was asked for is gone: fetch the snapshot.
    Reset {
        /// The latest sequence number of the feed.
        seq: u64,
    },
}

impl Event {
    /// As it is sent, with the blank line that ends it.
    pub fn to_sse(&self) -> String {
        let data = serde_json::to_string(&Data(self))
            .expect("strings and numbers into memory cannot fail");
        let mut text = String::with_capacity(data.len() + 64);
        let _ = match self {
            Self::Revocation { seq, .. } => {
                write!(text, "event: revocation\nid: {seq}\ndata: {data}\n\n")
            }
            Self::Heartbeat { .. } => write!(text, "event: heartbeat\ndata: {data}\n\n"),
            Self::Reset { .. } => write!(text, "event: reset\ndata: {data}\n\n"),
        };
        text
    }

    /// The sequence number that the event carries.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Revocation { seq, .. } | Self::Heartbeat { seq, .. } | Self::Reset { seq } => {
                *seq
            }
        }
    }

    /// None for an event of a kind that this version does not know.
    fn read(name: &[u8], data: &[u8]) -> Option<Result<Self, Unreadable>> {
        Some(match name {
            b"revocation" => members(data).and_then(|members| {
                let seq = number(&members, "seq")?;
                match Entry::from_members(&members) {
                    Ok(entry) => Ok(Self::Revocation { seq, entry }),
                    Err(bad) => Err(Unreadable::Entry { seq, bad }),
                }
            }),
            b"heartbeat" => members(data).and_then(|members| {
                Ok(Self::Heartbeat {
                    seq: number(&members, "seq")?,
                    as_of: number(&members, "as_of")?,
                })
            }),
            b"reset" => {
                members(data).and_then(|members| Ok(Self::Reset { seq: number(&members, "seq")? }))
            }
            _ => return None,
        })
    }
}

/// An event's JSON.
struct Data<'a>(&'a Event);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match self.0 {
            Event::Revocation { seq, entry } => {
                entry.write_members(&mut map)?;
                map.serialize_entry("seq", seq)?;
            }
            Event::Heartbeat { seq, as_of } => {
                map.serialize_entry("seq", seq)?;
                map.serialize_entry("as_of", as_of)?;
            }
            Event::Reset { seq } => map.serialize_entry("seq", seq)?,
        }
        map.end()
    }
}

/// An event that could not be read. The reader goes on behind it; its user must not go on as if
/// nothing had been missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// A revocation whose place in the sequence is known, but not what it kills.
    #[error("revocation {seq} is not understood: {bad}")]
    Entry {
        /// Its sequence number.
        seq: u64,
        /// What is wrong with it.
        bad: BadEntry,
    },
    /// The data of a known event is not of its shape.
    #[error("malformed event: {0}")]
    Malformed(&'static str),
    /// Longer than [`MAX_EVENT_LEN`].
    #[error("an event is longer than 256 KiB")]
    TooLong,
}

fn members(data: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    json::object(data).map_err(|_| Unreadable::Malformed("its data is not a JSON object"))
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<u64, Unreadable> {
    let number = members.get(name).and_then(Value::as_u64);
    number.ok_or(Unreadable::Malformed("seq or as_of is not a whole number"))
}

/// Reads a stream piece by piece, wherever it was cut.
#[derive(Debug, Default)]
pub struct SseReader {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    too_long: bool,
    past_first_line: bool,
}

impl SseReader {
    /// A reader at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on, and returns the events that are complete now, in order. Comments and events of
    /// unknown kinds are stepped over; an event that the stream ends within never happened.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Event, Unreadable>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if self.after_cr && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        if !bytes.is_empty() {
            self.after_cr = false;
        }
        while let Some(end) = rest.iter().position(|b| matches!(b, b'\r' | b'\n')) {
            self.keep(&rest[..end]);
            events.extend(self.end_line());
            let line_end = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
            self.after_cr = rest[end..] == *b"\r";
            rest = &rest[end + line_end..];
        }
        self.keep(rest);
        events
    }

    /// Adds to the current line, as long as the event stays within bounds.
    fn keep(&mut self, piece: &[u8]) {
        let len = self.line.len() + self.name.len() + self.data.len() + piece.len();
        if self.too_long || len > MAX_EVENT_LEN {
            self.too_long = true;
            // Whether the line is blank, and so ends the event, must still be known.
            self.line.truncate(1);
            self.line.extend(piece.first().filter(|_| self.line.is_empty()));
        } else {
            self.line.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) -> Option<Result<Event, Unreadable>> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.past_first_line, true) && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        let event = if line.is_empty() { self.end_event() } else { self.field(&line) };
        // The allocation serves the next line.
        line.clear();
        self.line = line;
        event
    }

    fn field(&mut self, line: &[u8]) -> Option<Result<Event, Unreadable>> {
        if self.too_long {
            return None;
        }
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = value.to_vec(),
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            // `id` repeats the number in the data; `retry` and comments change nothing here.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Result<Event, Unreadable>> {
        let too_long = std::mem::take(&mut self.too_long);
        let has_data = std::mem::take(&mut self.has_data);
        let event = if too_long {
            Some(Err(Unreadable::TooLong))
        } else if has_data {
            Event::read(&self.name, &self.data)
        } else {
            None
        };
        self.name.clear();
        self.data.clear();
        event
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
