//! As much of CBOR (RFC 8949) as authenticators write: whole numbers, strings, arrays and maps of
//! known length, a few levels deep, in the shortest form. Everything else is refused.

use super::NoPasskey;

/// CTAP2 allows four levels.
const DEPTH_AT_MOST: usize = 4;

/// Entries of a map or an array.
const ENTRIES_AT_MOST: u64 = 64;

const BAD: NoPasskey = NoPasskey::Malformed("CBOR");

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true` or `null`.
    Simple(u8),
}

impl<'a> Value<'a> {
    /// A value, and what follows it.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), NoPasskey> {
        let mut reader = Reader(bytes);
        let value = reader.value(0)?;
        Ok((value, reader.0))
    }

    /// A value that nothing follows.
    pub(super) fn whole(bytes: &'a [u8]) -> Result<Self, NoPasskey> {
        match Self::read(bytes)? {
            (value, []) => Ok(value),
            _ => Err(BAD),
        }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn text_entry(&self, key: &str) -> Option<&Self> {
        self.entry(&Value::Text(key))
    }

    pub(super) fn entry(&self, key: &Value<'_>) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, NoPasskey> {
        let &[first] = self.take(1)? else { return Err(BAD) };
        let (major, minor) = (first >> 5, first & 31);
        if major == 7 {
            return if (20..=22).contains(&minor) { Ok(Value::Simple(minor)) } else { Err(BAD) };
        }
        let argument = self.argument(minor)?;
        let signed = |number: u64| i64::try_from(number).map_err(|_| BAD);
        match major {
            0 => Ok(Value::Number(signed(argument)?)),
            1 => Ok(Value::Number(-1 - signed(argument)?)),
            2 => Ok(Value::Bytes(self.string(argument)?)),
            3 => std::str::from_utf8(self.string(argument)?).map(Value::Text).map_err(|_| BAD),
            4 if depth < DEPTH_AT_MOST && argument <= ENTRIES_AT_MOST => {
                let items = (0..argument).map(|_| self.value(depth + 1));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            5 if depth < DEPTH_AT_MOST && argument <= ENTRIES_AT_MOST => self.map(argument, depth),
            _ => Err(BAD),
        }
    }

    fn map(&mut self, length: u64, depth: usize) -> Result<Value<'a>, NoPasskey> {
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..length {
            let (key, value) = (self.value(depth + 1)?, self.value(depth + 1)?);
            // A key that comes twice means one thing to us and another to somebody else.
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(BAD);
            }
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }

    fn argument(&mut self, minor: u8) -> Result<u64, NoPasskey> {
        let length = match minor {
            0..=23 => return Ok(minor.into()),
            24..=27 => 1 << (minor - 24),
            _ => return Err(BAD),
        };
        let argument = self.take(length)?.iter().fold(0, |n, byte| (n << 8) | u64::from(*byte));
        let shortest = match length {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if argument < shortest { Err(BAD) } else { Ok(argument) }
    }

    fn string(&mut self, length: u64) -> Result<&'a [u8], NoPasskey> {
        self.take(usize::try_from(length).map_err(|_| BAD)?)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], NoPasskey> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BAD)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_shortest_form_of_simple_things_is_read() {
        use Value::{Array, Bytes, Map, Number, Simple, Text};
        for (bytes, wanted) in [
            (&[0x00][..], Some(Number(0))),
            (&[0x18, 24], Some(Number(24))),
            (&[0x18, 23], None),
            (&[0x19, 1, 0], Some(Number(256))),
            (&[0x19, 0, 255], None),
            (&[0x26], Some(Number(-7))),
            (&[0x39, 1, 0], Some(Number(-257))),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], None),
            (&[0x42, 1, 2], Some(Bytes(&[1, 2]))),
            (&[0x42, 1], None),
            (&[0x61, b'a'], Some(Text("a"))),
            (&[0x61, 0xff], None),
            (&[0x81, 0xf5], Some(Array(vec![Simple(21)]))),
            (&[0xa1, 0x01, 0x02], Some(Map(vec![(Number(1), Number(2))]))),
            (&[0xa2, 0x01, 0x02, 0x01, 0x03], None), // The same key twice.
            (
                &[0x81, 0x81, 0x81, 0x81, 0x00],
                Some(Array(vec![Array(vec![Array(vec![Array(vec![Number(0)])])])])),
            ),
            (&[0x81, 0x81, 0x81, 0x81, 0x81, 0x00], None), // Too deep.
            (&[0x9f, 0xff], None),                         // Of unknown length.
            (&[0xc0, 0x00], None),                         // A tag.
            (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], None),       // A fraction.
            (&[0x98, 65], None),
            (&[], None),
            (&[0x00, 0x00], None), // Something follows.
        ] {
            assert_eq!(Value::whole(bytes).ok(), wanted, "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_input_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Value::whole(&bytes);
        }
    }
}
