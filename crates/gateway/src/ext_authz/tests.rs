//! Questions as Envoy frames them, and what is no question.

use super::*;

fn pair(name: &str, value: &str) -> Message {
    let mut pair = Message::default();
    pair.bytes(1, name.as_bytes());
    pair.bytes(2, value.as_bytes());
    pair
}

/// `HttpRequest` in all that is around it.
fn asked(http: &Message) -> Vec<u8> {
    let mut request = Message::default();
    request.message(2, http);
    let mut context = Message::default();
    // AttributeContext.source, which nobody reads.
    context.bytes(1, b"\x0a\x00");
    context.message(4, &request);
    let mut check = Message::default();
    check.message(1, &context);
    frame(&check.into_bytes())
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn good() -> Message {
    let mut http = Message::default();
    http.bytes(1, b"id");
    http.bytes(2, b"GET");
    http.message(3, &pair("Authorization", "Bearer a"));
    http.bytes(4, b"/v1/books?a=b");
    http.bytes(5, b"api.example.com");
    http.number(9, u64::MAX);
    http
}

#[test]
fn a_question_is_read_by_the_numbers_of_its_fields() {
    let attributes = read(&asked(&good())).unwrap();
    assert_eq!(
        attributes,
        Attributes {
            method: "GET".to_owned(),
            path: "/v1/books?a=b".to_owned(),
            host: "api.example.com".to_owned(),
            headers: vec![("authorization".to_owned(), b"Bearer a".to_vec())],
        }
    );
    let question = attributes.into_question().unwrap();
    assert_eq!(question.path.unwrap().segments(), ["v1", "books"]);
    assert_eq!(question.authorization.unwrap().unwrap(), "Bearer a");
}

#[test]
fn a_token_that_comes_twice_is_none() {
    let mut http = good();
    let mut map = Message::default();
    map.message(1, &pair("authorization", "Bearer b"));
    http.message(13, &map);
    let question = read(&asked(&http)).unwrap().into_question().unwrap();
    assert_eq!(question.authorization.unwrap_err().reason(), "invalid_request");
}

#[test]
fn what_is_no_question_is_refused() {
    let whole = asked(&good());
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut]).is_err(), "cut after {cut} bytes");
    }
    for (name, bytes, wanted) in [
        ("compressed", [&[1][..], &whole[1..]].concat(), BadMessage::Frame),
        ("longer than it says", [&whole[..], b"x"].concat(), BadMessage::Frame),
        ("empty", frame(b""), BadMessage::Part),
        ("a group", frame(b"\x0b"), BadMessage::Type),
        ("a number without end", frame(&[0xff; 11]), BadMessage::Number),
        ("a length beyond the end", frame(b"\x0a\x7f"), BadMessage::Cut),
        ("twice the attributes", frame(b"\x0a\x00\x0a\x00"), BadMessage::Part),
    ] {
        assert_eq!(read(&bytes), Err(wanted), "{name}");
    }
    let mut http = good();
    http.bytes(4, b"/\xff");
    assert_eq!(read(&asked(&http)), Err(BadMessage::Text));
}

#[test]
fn what_a_caller_forged_is_taken_away() {
    let mut identity = HeaderMap::new();
    identity.insert("x-hallpass-client-id", HeaderValue::from_static("hpc_1"));
    let came = [
        "x-hallpass-client-id",
        "x-hallpass-scope",
        "x_hallpass_client_id",
        "accept",
        "x-rewrite-url",
        "authorization",
    ]
    .map(str::to_owned);
    for (keeps_token, goes) in [
        (
            false,
            &["x-hallpass-scope", "x_hallpass_client_id", "x-rewrite-url", "authorization"][..],
        ),
        (true, &["x-hallpass-scope", "x_hallpass_client_id", "x-rewrite-url"]),
    ] {
        let message = passed(&identity, &came, keeps_token).into_bytes();
        let ok = wire::only(&message, 3).unwrap();
        let removed: Vec<_> = fields(ok)
            .filter_map(|field| match field.unwrap() {
                (5, Value::Bytes(name)) => Some(wire::text(name).unwrap()),
                _ => None,
            })
            .collect();
        assert_eq!(removed, goes, "{keeps_token}");
        assert_eq!(fields(ok).filter(|field| matches!(field, Ok((2, _)))).count(), 1);
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = read(&bytes);
        let _ = read(&frame(&bytes));
    }
}
