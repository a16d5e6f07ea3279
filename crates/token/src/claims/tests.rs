//! How payloads are written and read: every wrong type, missing claim and repeated member.

use proptest::prelude::proptest;
use serde_json::json;

use super::*;
use crate::fixture::{NOW_S, minted, payload};

fn good() -> Value {
    serde_json::from_slice(&payload()).unwrap()
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

/// The claims that a payload holds, or the name of the one that is bad.
fn read(payload: &str) -> Result<Claims, String> {
    Claims::parse(payload.as_bytes()).map_err(|rejection| match rejection {
        Rejection::BadClaim { name, .. } => name.to_owned(),
        other => other.reason().to_owned(),
    })
}

#[test]
fn the_issuer_writes_its_claims_in_one_order() {
    let exp = NOW_S + 86_400;
    let full = [
        r#"{"iss":"https://issuer.example","aud":"https://api.example/books","sub":"reports""#,
        &format!(r#","client_id":"reports","iat":{NOW_S},"exp":{exp},"jti":"01jd7""#),
        r#","scope":"books:read books:write","gen":3,"org":"acme"}"#,
    ]
    .concat();
    assert_eq!(String::from_utf8(payload()).unwrap(), full);

    let mut least = b"before".to_vec();
    Minted { scope: "", generation: None, organization: None, jti: "a\"\\\n", ..minted() }
        .write_json(&mut least);
    let expected = full.replace("01jd7", r#"a\"\\\n"#);
    let end = expected.find(r#","scope""#).unwrap();
    assert_eq!(String::from_utf8(least).unwrap(), format!("before{}}}", &expected[..end]));
}

#[test]
fn every_character_is_written_as_json_wants_it() {
    for character in ('\0'..='\u{a0}').chain(['\u{2028}', '\u{fffd}', '\u{10ffff}']) {
        for text in [format!("{character}"), format!("{}{character}b", "a".repeat(40))] {
            let mut written = Vec::new();
            Minted { iss: &text, scope: &text, ..minted() }.write_json(&mut written);
            let claims = Claims::parse(&written).unwrap();
            assert_eq!((&claims.iss, &claims.scope), (&text, &text));
            let quoted = serde_json::to_string(&text).unwrap();
            assert!(
                String::from_utf8(written).unwrap().starts_with(&format!("{{\"iss\":{quoted},"))
            );
        }
    }
}

#[test]
fn what_the_issuer_writes_is_what_everybody_reads() {
    let claims = Claims::parse(&payload()).unwrap();
    let expected = Claims {
        iss: minted().iss.to_owned(),
        aud: vec![minted().aud.to_owned()],
        sub: "reports".to_owned(),
        client_id: "reports".to_owned(),
        iat: NOW_S,
        exp: NOW_S + 86_400,
        nbf: None,
        jti: "01jd7".to_owned(),
        scope: "books:read books:write".to_owned(),
        generation: Some(3),
        organization: Some("acme".to_owned()),
        extra: Map::new(),
    };
    assert_eq!(claims, expected);
}

#[test]
fn a_claim_of_the_wrong_type_is_bad_and_not_absent() {
    for (name, bad_values) in [
        ("iss", json!([null, 1, true, "", ["https://issuer.example"], {}])),
        ("sub", json!([null, 1, "", ["reports"], {}])),
        ("client_id", json!([null, 1, "", ["reports"], {}])),
        ("jti", json!([null, 1, "", [], {}])),
        ("aud", json!([null, 1, true, [], {}, [1], ["a", null], [["a"]], {"a": "b"}])),
        ("exp", json!([null, "1764086400", true, [1], {}, -1, -0.5, 1e300, 253_402_300_800_u64])),
        ("iat", json!([null, "1764086400", true, [1], {}, -1, u64::MAX])),
        ("nbf", json!([null, "", "1764086400", false, [1], {}, -1, i64::MIN])),
        ("scope", json!([null, 1, ["books:read"], {}])),
        ("gen", json!([null, "3", 3.5, -1, 4_294_967_296_u64, [3]])),
        ("org", json!([null, 1, "", ["acme"], {"id": "acme"}])),
    ] {
        for value in bad_values.as_array().unwrap() {
            let claims = with(name, value.clone()).to_string();
            assert_eq!(read(&claims), Err(name.to_owned()), "{name}: {value}");
        }
    }
}

#[test]
fn the_claims_of_rfc_9068_section_2_2_are_required_and_no_others() {
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "gen", "org"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        let optional = matches!(name, "scope" | "gen" | "org");
        let expected = if optional { None } else { Some(name.to_owned()) };
        assert_eq!(read(&claims.to_string()).err(), expected, "{name}");
    }
}

#[test]
fn a_date_may_have_a_fraction_and_is_rounded_to_the_safe_side() {
    let date = |name: &str, value: &str| {
        let claims = with(name, json!("VALUE")).to_string().replace("\"VALUE\"", value);
        read(&claims).map(|claims| (claims.exp, claims.iat, claims.nbf))
    };
    let (exp, iat) = (NOW_S + 86_400, NOW_S);
    for (name, value, expected) in [
        ("exp", "5", Ok((5, iat, None))),
        ("exp", "5.99", Ok((5, iat, None))),
        ("exp", "5e1", Ok((50, iat, None))),
        ("exp", "0", Ok((0, iat, None))),
        ("exp", "253402300799", Ok((253_402_300_799, iat, None))),
        ("iat", "5.99", Ok((exp, 5, None))),
        ("nbf", "5", Ok((exp, iat, Some(5)))),
        ("nbf", "5.01", Ok((exp, iat, Some(6)))),
        ("exp", "1764086400000", Err("exp".to_owned())), // Milliseconds.
        ("exp", "1e999", Err("exp".to_owned())),
        ("exp", "NaN", Err("exp".to_owned())),
        ("exp", "Infinity", Err("exp".to_owned())),
        ("exp", "0x10", Err("payload".to_owned())),
        ("exp", "", Err("exp".to_owned())),
    ] {
        let got = date(name, value);
        assert_eq!(got.is_ok(), expected.is_ok(), "{name}: {value}");
        if expected.is_ok() {
            assert_eq!(got, expected, "{name}: {value}");
        }
    }
}

#[test]
fn a_payload_is_one_json_object_with_distinct_members() {
    let good = good().to_string();
    let inside = &good[1..good.len() - 1];
    for (payload, expected) in [
        (format!(" {good}\n"), Ok(())),
        (format!("{{{inside},\"x\":{{\"a\":[1]}}}}"), Ok(())),
        (format!("{{{inside},{inside}}}"), Err("")),
        (format!("{{\"exp\":1,{inside}}}"), Err("exp")),
        (format!("{{{inside},\"\\u0065xp\":99999999999}}"), Err("exp")),
        (format!("{{{inside},\"aud\":\"https://evil.example\"}}"), Err("aud")),
        (format!("{{{inside},\"x\":1,\"x\":1}}"), Err("payload")),
        (format!("{{{inside},\"x\":{{\"a\":1,\"a\":1}}}}"), Err("payload")),
        (format!("{{{inside},\"x\":[{{\"a\":1,\"a\":1}}]}}"), Err("payload")),
        (format!("{good}{good}"), Err("payload")),
        (format!("[{good}]"), Err("payload")),
        (inside.to_owned(), Err("payload")),
        (String::new(), Err("payload")),
        ("null".to_owned(), Err("payload")),
        ("Example of Ed25519 signing".to_owned(), Err("payload")),
    ] {
        let got = read(&payload).map(|_| ());
        match expected {
            Ok(()) => assert_eq!(got, Ok(()), "{payload}"),
            Err("") => assert!(got.is_err(), "{payload}"),
            Err(name) => assert_eq!(got, Err(name.to_owned()), "{payload}"),
        }
    }
    assert!(Claims::parse(b"\xff\xfe{\x00}\x00").is_err(), "UTF-16");
}

#[test]
fn a_token_bound_to_a_key_is_no_bearer_token() {
    for cnf in [json!({"jkt": "x"}), json!({"x5t#S256": "x"}), json!({}), json!(null), json!(1)] {
        assert_eq!(read(&with("cnf", cnf).to_string()), Err("bound".to_owned()));
    }
}

#[test]
fn other_claims_come_along_as_they_are() {
    let claims = read(&with("tenant", json!({"id": [1, "a"]})).to_string()).unwrap();
    assert_eq!(Value::Object(claims.extra), json!({"tenant": {"id": [1, "a"]}}));
    let several = read(&with("aud", json!(["a", "b"])).to_string()).unwrap();
    assert_eq!(several.aud, ["a", "b"]);
}

#[test]
fn a_scope_is_a_whole_word() {
    let scoped = |scope: &str| read(&with("scope", json!(scope)).to_string()).unwrap();
    for (scope, asked, expected) in [
        ("books:read", "books:read", true),
        ("a books:read b", "books:read", true),
        ("books:readwrite", "books:read", false),
        ("xbooks:read", "books:read", false),
        ("BOOKS:READ", "books:read", false),
        ("a b", "a b", false),
        ("a  b", "", false),
        ("", "", false),
        ("", "a", false),
    ] {
        assert_eq!(scoped(scope).has_scope(asked), expected, "{scope:?} has {asked:?}");
    }
}

#[test]
fn a_rejection_says_what_was_expected_and_what_came() {
    let line = |payload: Value| Claims::parse(payload.to_string().as_bytes()).unwrap_err();
    let wrong_type = line(with("exp", json!("to\nmorrow"))).to_string();
    assert!(wrong_type.starts_with("claim exp: invalid type: string \"to\\nmorrow\", expected a"));
    assert_eq!(line(json!({})).to_string(), "claim iss: missing");
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(payload: Vec<u8>) {
        let _ = Claims::parse(&payload);
    }

    #[test]
    fn nearly_json_makes_it_no_panic(
        name in "iss|aud|exp|iat|nbf|gen|org|scope|cnf|x",
        value in r#"[\[\]{}",:0-9eE+.\-a-z\\ ]{0,20}"#,
    ) {
        let mut text = good().to_string();
        text.truncate(text.len() - 1);
        let _ = Claims::parse(format!("{text},\"{name}\":{value}}}").as_bytes());
    }

    #[test]
    fn whatever_is_minted_is_read_back(
        text in "\\PC{1,40}",
        iat in 0..4_000_000_000_u64,
        generation: Option<u32>,
    ) {
        let minted = Minted { jti: &text, organization: Some(&text), iat, generation, ..minted() };
        let mut payload = Vec::new();
        minted.write_json(&mut payload);
        let claims = Claims::parse(&payload).unwrap();
        proptest::prop_assert_eq!(&claims.jti, &text);
        proptest::prop_assert_eq!(claims.organization, Some(text));
        proptest::prop_assert_eq!(claims.iat, iat);
        proptest::prop_assert_eq!(claims.generation, generation);
    }
}
