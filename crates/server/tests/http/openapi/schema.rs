//! JSON Schema, as far as our OpenAPI document uses it. A keyword that is not known here is a
//! failure, so nothing in the document goes unchecked.

use serde_json::Value;

/// Keywords that say nothing about what is valid.
const REMARKS: [&str; 3] = ["description", "format", "$schema"];

/// What a reference refers to, or the value itself.
pub(super) fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    let pointer = reference.strip_prefix('#').unwrap();
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there"))
}

/// Whether a value is as a schema says, or why not.
pub(super) fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(document, schema);
    for (keyword, says) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "type" => is_of_type(says, value),
            "const" => says == value,
            "enum" => says.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap()),
            "minLength" => length(value).is_none_or(|length| length >= number(says)),
            "maxLength" => length(value).is_none_or(|length| length <= number(says)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= number(says)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= number(says)),
            "required" => {
                says.as_array().unwrap().iter().all(|name| !value[name.as_str().unwrap()].is_null())
            }
            "oneOf" => {
                let fits = |one: &&Value| check(document, one, value).is_ok();
                says.as_array().unwrap().iter().filter(fits).count() == 1
            }
            "properties" => {
                for (name, of) in says.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        check(document, of, member).map_err(|why| format!("{name}: {why}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(*says, Value::Bool(false), "only `false` is known here");
                let known = |name: &String| schema["properties"].get(name).is_some();
                value.as_object().is_none_or(|members| members.keys().all(known))
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, says, item).map_err(|why| format!("{at}: {why}"))?;
                }
                true
            }
            remark if REMARKS.contains(&remark) => true,
            other => panic!("the keyword {other} is not checked by these tests"),
        };
        if !holds {
            return Err(format!("{keyword} {says} does not hold for {value}"));
        }
    }
    Ok(())
}

fn is_of_type(says: &Value, value: &Value) -> bool {
    match says.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type {other} is not checked by these tests"),
    }
}

fn length(value: &Value) -> Option<usize> {
    value.as_str().map(|text| text.chars().count())
}

fn number(says: &Value) -> usize {
    usize::try_from(says.as_u64().unwrap()).unwrap()
}

#[test]
fn what_does_not_fit_is_found() {
    let document = serde_json::json!({ "s": { "type": "string", "minLength": 2 } });
    let of = |schema: &str| serde_json::from_str::<Value>(schema).unwrap();
    for (schema, value, fits) in [
        (r##"{"$ref":"#/s"}"##, r#""ab""#, true),
        (r##"{"$ref":"#/s"}"##, r#""a""#, false),
        (r##"{"$ref":"#/s"}"##, "2", false),
        (r#"{"type":"integer","minimum":0}"#, "0", true),
        (r#"{"type":"integer","minimum":0}"#, "-1", false),
        (r#"{"type":"integer"}"#, "0.5", false),
        (r#"{"const":"x"}"#, r#""y""#, false),
        (r#"{"enum":["x","y"]}"#, r#""y""#, true),
        (r#"{"enum":["x","y"]}"#, r#""z""#, false),
        (r#"{"required":["a"]}"#, "{}", false),
        (
            r#"{"properties":{"a":{"type":"string"}},"additionalProperties":false}"#,
            r#"{"a":"x"}"#,
            true,
        ),
        (
            r#"{"properties":{"a":{"type":"string"}},"additionalProperties":false}"#,
            r#"{"b":"x"}"#,
            false,
        ),
        (r#"{"properties":{"a":{"type":"string"}}}"#, r#"{"a":1}"#, false),
        (r#"{"items":{"type":"boolean"},"maxItems":1}"#, "[true]", true),
        (r#"{"items":{"type":"boolean"},"maxItems":1}"#, "[true,true]", false),
        (r#"{"items":{"type":"boolean"}}"#, "[1]", false),
        (r#"{"oneOf":[{"type":"string"},{"type":"integer"}]}"#, "1", true),
        (r#"{"oneOf":[{"type":"string"},{"type":"integer"}]}"#, "true", false),
        (r#"{"oneOf":[{"minimum":1},{"type":"integer"}]}"#, "1", false),
    ] {
        let got = check(&document, &of(schema), &of(value));
        assert_eq!(got.is_ok(), fits, "{schema} {value}: {got:?}");
    }
}
