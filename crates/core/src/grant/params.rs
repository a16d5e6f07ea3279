//! Parameters of an OAuth endpoint, from either kind of body. RFC 6749 §3.2: an empty parameter
//! counts as omitted, an unknown one is ignored, none may come twice.

use std::borrow::Cow;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::Refusal;

const AT_MOST: usize = 64;

type Pair<'a> = (Cow<'a, str>, Value<'a>);

#[derive(Debug, PartialEq)]
enum Value<'a> {
    Text(Cow<'a, str>),
    /// Several texts, as JSON writes RFC 8707's repeated `resource`.
    Texts(Vec<String>),
    /// JSON of another type.
    Other,
}

/// The parameters of one request.
#[derive(Debug, Default, PartialEq)]
pub struct Params<'a>(SmallVec<[Pair<'a>; 6]>);

impl<'a> Params<'a> {
    /// Reads `application/x-www-form-urlencoded`. A broken percent-encoding is refused, not
    /// guessed at.
    pub fn from_form(body: &'a [u8]) -> Result<Self, Refusal> {
        let body = std::str::from_utf8(body)
            .map_err(|_| Refusal::InvalidRequest("the body is not valid UTF-8"))?;
        // `curl -d` says that it is a form, whatever it is.
        if body.trim().starts_with('{') && body.trim().ends_with('}') {
            return Err(Refusal::InvalidRequest(
                "the body is JSON, but its Content-Type is not: send Content-Type: \
                 application/json",
            ));
        }
        let mut params = SmallVec::new();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let broken = Refusal::InvalidRequest(
                "the body has a broken percent-encoding: % must be followed by two hex digits, \
                 and what results must be UTF-8",
            );
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(broken);
            };
            params.push((name, Value::Text(value)));
            if params.len() > AT_MOST {
                return Err(Refusal::InvalidRequest("the body has too many parameters"));
            }
        }
        Ok(Self(params))
    }

    /// Reads `application/json`: one object, its members the parameters.
    pub fn from_json(body: &'a [u8]) -> Result<Self, Refusal> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let params = json
            .deserialize_map(Members)
            .and_then(|params| json.end().map(|()| params))
            .map_err(|_| Refusal::InvalidRequest(not_an_object(body)))?;
        if params.len() > AT_MOST {
            return Err(Refusal::InvalidRequest("the body has too many parameters"));
        }
        Ok(Self(params))
    }

    /// Whether nothing at all was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a parameter that may not be repeated. Empty is the same as omitted.
    pub fn at_most_once(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut found = None;
        for (_, value) in self.0.iter().filter(|(other, _)| other == name) {
            match value {
                Value::Text(text) if found.is_none() => found = Some(&**text),
                Value::Text(_) => {
                    return Err(Refusal::InvalidRequest("a parameter came more than once"));
                }
                Value::Texts(_) | Value::Other => {
                    return Err(Refusal::InvalidRequest("a parameter is not a JSON string"));
                }
            }
        }
        Ok(found.filter(|text| !text.is_empty()))
    }

    /// All values of a parameter that may be repeated (`resource`, RFC 8707 §2).
    pub fn all(&self, name: &str) -> Result<SmallVec<[&str; 1]>, Refusal> {
        let mut found: SmallVec<[&str; 1]> = SmallVec::new();
        for (_, value) in self.0.iter().filter(|(other, _)| other == name) {
            match value {
                Value::Text(text) => found.push(&**text),
                Value::Texts(texts) => found.extend(texts.iter().map(String::as_str)),
                Value::Other => {
                    return Err(Refusal::InvalidRequest("a parameter is not a JSON string"));
                }
            }
        }
        found.retain(|text| !text.is_empty());
        Ok(found)
    }

    /// Refuses a parameter that came twice even where nobody reads it: RFC 6749 §3.2 forbids it
    /// for all, and only `resource` has an exception.
    pub fn refuse_repeats(&self) -> Result<(), Refusal> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if name != "resource" && self.0[..at].iter().any(|(other, _)| other == name) {
                return Err(Refusal::InvalidRequest("a parameter came more than once"));
            }
        }
        Ok(())
    }
}

/// What to say of a body that is not the JSON it was said to be.
fn not_an_object(body: &[u8]) -> &'static str {
    const SIGN: &[u8] = b"grant_type=";
    if body.windows(SIGN.len()).any(|part| part == SIGN) {
        "the body is a form, but its Content-Type is not: send Content-Type: \
         application/x-www-form-urlencoded"
    } else {
        "the body is not a JSON object"
    }
}

/// Decodes one form-encoded text: `+` is a blank, `%XX` a byte. `None` if it is broken.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                (high * 16 + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = SmallVec<[Pair<'de>; 6]>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut params = SmallVec::new();
        while let Some(name) = map.next_key::<CowText<'de>>()? {
            let value = map.next_value::<Option<Value<'de>>>()?;
            params.push((name.0, value.unwrap_or(Value::Text(Cow::Borrowed("")))));
        }
        Ok(params)
    }
}

/// serde's own `Cow` always copies; this borrows where JSON has no escapes.
struct CowText<'a>(Cow<'a, str>);

impl<'de> de::Deserialize<'de> for CowText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Text(text) => Ok(Self(text)),
            _ => Err(de::Error::custom("a member's name is a string")),
        }
    }
}

impl<'de> de::Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
        let mut texts = Some(Vec::new());
        while let Some(value) = seq.next_element::<Value<'de>>()? {
            match (value, &mut texts) {
                (Value::Text(text), Some(texts)) => texts.push(text.into_owned()),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Value::Other, Value::Texts))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
