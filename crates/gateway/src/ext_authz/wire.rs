//! The wire format of Protocol Buffers, as far as a few fields of a few messages need it. Fields
//! that nobody asks for are stepped over; what is cut or repeated is refused.

/// A message that cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BadMessage {
    #[error("it ends too early")]
    Cut,
    #[error("the frame is compressed, or not as long as it says")]
    Frame,
    #[error("a number is longer than it may be")]
    Number,
    #[error("a field has a type that nobody knows")]
    Type,
    #[error("a text is not UTF-8")]
    Text,
    #[error("a part is missing, or there twice")]
    Part,
    #[error("it is longer than 256 KiB")]
    TooLong,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Value<'a> {
    /// A number, or another one of fixed length, which is not read.
    Number,
    /// A text, bytes or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order in which they came. Ends after the first mistake.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u64, Value<'_>), BadMessage>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u64, Value<'a>), BadMessage> {
    let key = number(rest)?;
    let value = match key & 7 {
        0 => {
            number(rest)?;
            Value::Number
        }
        1 => {
            take(rest, 8)?;
            Value::Number
        }
        2 => {
            let length = usize::try_from(number(rest)?).map_err(|_| BadMessage::Cut)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => {
            take(rest, 4)?;
            Value::Number
        }
        _ => return Err(BadMessage::Type),
    };
    Ok((key >> 3, value))
}

/// Seven bits to a byte, the lowest first.
fn number(rest: &mut &[u8]) -> Result<u64, BadMessage> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first().ok_or(BadMessage::Cut)?;
        *rest = after;
        // Of the tenth byte only one bit has room.
        if place == 9 && *byte > 1 {
            return Err(BadMessage::Number);
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BadMessage::Number)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], BadMessage> {
    let (taken, after) = rest.split_at_checked(length).ok_or(BadMessage::Cut)?;
    *rest = after;
    Ok(taken)
}

/// The message in a field that must be there once.
pub(super) fn only(message: &[u8], wanted: u64) -> Result<&[u8], BadMessage> {
    let mut found = None;
    for field in fields(message) {
        if let (number, Value::Bytes(bytes)) = field?
            && number == wanted
            && found.replace(bytes).is_some()
        {
            return Err(BadMessage::Part);
        }
    }
    found.ok_or(BadMessage::Part)
}

pub(super) fn text(bytes: &[u8]) -> Result<String, BadMessage> {
    String::from_utf8(bytes.to_vec()).map_err(|_| BadMessage::Text)
}

/// A message that is being written.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            // The lowest seven bits, and a mark that more follow.
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}
