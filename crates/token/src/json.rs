//! A stricter JSON reader than serde_json's own: an object with two members of the same name is
//! refused, at every level (RFC 7515 §4, RFC 7519 §4), since two readers could each believe a
//! different one. It must never repair anything.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Reads a JSON object without duplicate members.
///
/// # Errors
/// When it is not JSON, not an object, or names a member twice.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_slice::<StrictObject>(bytes).map(|object| object.0)
}

/// Any JSON value without duplicate members.
pub(crate) struct Strict(pub(crate) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue).map(Self)
    }
}

/// A JSON object without duplicate members.
pub(crate) struct StrictObject(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for StrictObject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AnObject;
        impl<'de> Visitor<'de> for AnObject {
            type Value = StrictObject;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StrictObject, A::Error> {
                members(map).map(StrictObject)
            }
        }
        from.deserialize_map(AnObject)
    }
}

/// A member name or string value, borrowed when it has no escapes.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AText;
        impl<'de> Visitor<'de> for AText {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(AText)
    }
}

/// The error of a repeated member. Its name is left out: a stranger chose it.
pub(crate) fn duplicate<E: de::Error>() -> E {
    E::custom("a member appears twice")
}

/// Reads a member's value into an empty place.
pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    from: &mut A,
) -> Result<(), A::Error> {
    if place.is_some() {
        return Err(duplicate());
    }
    *place = Some(from.next_value()?);
    Ok(())
}

fn members<'de, A: MapAccess<'de>>(mut from: A) -> Result<Map<String, Value>, A::Error> {
    let mut map = Map::new();
    while let Some(name) = from.next_key::<String>()? {
        let Strict(value) = from.next_value()?;
        if map.insert(name, value).is_some() {
            return Err(duplicate());
        }
    }
    Ok(map)
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<Value, A::Error> {
        members(from).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_strictly() {
        for (text, good) in [
            ("{}", true),
            (r#" {"a":1,"b":{"a":[{"a":null}]}} "#, true),
            (r#"{"a":-1,"b":1.5,"c":"x\n","d":true}"#, true),
            ("", false),
            ("null", false),
            ("[]", false),
            (r#""x""#, false),
            (r#"{"a":1}x"#, false),
            (r#"{"a":1}{"a":1}"#, false),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            (r#"{"b":{"a":1,"a":2}}"#, false),
            (r#"{"b":[[{"a":1,"a":2}]]}"#, false),
            (r#"{"a":1,}"#, false),
            (r#"{"a":1e999}"#, false),
            (r#"{"a":"\ud800"}"#, false),
            ("\u{feff}{}", false),
        ] {
            assert_eq!(object(text.as_bytes()).is_ok(), good, "{text}");
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
        let deep = "[".repeat(10_000);
        assert!(object(format!("{{\"a\":{deep}").as_bytes()).is_err(), "nested too deeply");
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_what_serde_json_reads(text in r#"[\[\]{}",:a1\\ ]{0,24}"#) {
            if let Ok(map) = object(text.as_bytes()) {
                let plain: Map<String, Value> = serde_json::from_str(&text).unwrap();
                proptest::prop_assert_eq!(map, plain);
            }
        }
    }
}
