//! The stream, written, cut at any byte, malformed and without end.

use proptest::prelude::{any, prop, proptest};
use serde_json::Value;

use super::*;
use crate::feed::Subject;

/// Also for those who write another reader of the feed.
const VECTORS: &str = include_str!("../../../vectors/feed.json");

fn revocation(seq: u64, kid: &str) -> Event {
    let entry = Entry { subject: Subject::Key { kid: kid.to_owned() }, until_s: 9 };
    Event::Revocation { seq, entry }
}

fn read(text: impl AsRef<[u8]>) -> Vec<Result<Event, Unreadable>> {
    SseReader::new().push(text.as_ref())
}

/// The events of a stream that comes in pieces.
fn read_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Result<Event, Unreadable>> {
    let mut reader = SseReader::new();
    pieces.flat_map(|piece| reader.push(piece)).collect()
}

#[test]
fn events_are_written_as_the_feed_says() {
    for (event, text) in [
        (
            revocation(7, "a"),
            "event: revocation\nid: 7\ndata: {\"k\":\"a\",\"until\":9,\"seq\":7}\n\n",
        ),
        (
            Event::Heartbeat { seq: 7, as_of: 8 },
            "event: heartbeat\ndata: {\"seq\":7,\"as_of\":8}\n\n",
        ),
        (Event::Reset { seq: 7 }, "event: reset\ndata: {\"seq\":7}\n\n"),
    ] {
        assert_eq!(event.to_sse(), text);
        assert_eq!(event.seq(), 7);
        assert_eq!(read(text), [Ok(event)]);
    }
}

#[test]
fn the_stream_of_the_vectors_is_read_wherever_it_is_cut() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let stream = vectors["stream"]["text"].as_str().unwrap().as_bytes();
    let number = |event: &Value, name: &str| event[name].as_u64().unwrap();
    let events = vectors["stream"]["events"].as_array().unwrap().iter();
    let expected: Vec<_> = events
        .map(|event| {
            let seq = number(event, "seq");
            Ok(match event["event"].as_str().unwrap() {
                "heartbeat" => Event::Heartbeat { seq, as_of: number(event, "as_of") },
                "reset" => Event::Reset { seq },
                _ => {
                    let entry = Entry::from_json(event["entry"].to_string().as_bytes()).unwrap();
                    Event::Revocation { seq, entry }
                }
            })
        })
        .collect();
    assert_eq!(read(stream), expected);
    for len in 1..stream.len() {
        assert_eq!(read_pieces(stream.chunks(len)), expected, "in pieces of {len}");
        let (a, b) = stream.split_at(len);
        assert_eq!(read_pieces([a, &[], b].into_iter()), expected, "cut at {len}");
    }
}

#[test]
fn lines_and_fields_are_those_of_the_standard() {
    let reset = || vec![Ok(Event::Reset { seq: 1 })];
    for (text, expected) in [
        ("event: reset\ndata: {\"seq\":1}\n\n", reset()),
        ("event: reset\r\ndata: {\"seq\":1}\r\n\r\n", reset()),
        ("event: reset\rdata: {\"seq\":1}\r\r", reset()),
        ("event:reset\ndata:{\"seq\":1}\n\n", reset()),
        ("data: {\"seq\":1}\nevent: reset\n\n", reset()),
        ("event: heartbeat\nevent: reset\ndata: {\"seq\":1}\n\n", reset()),
        ("event: reset\ndata: {\ndata: \"seq\"\ndata: :1}\n\n", reset()),
        (":\n:: x\nevent: reset\n: y\ndata: {\"seq\":1}\nretry: 5\nid\nother: z\n\n", reset()),
        ("\u{feff}event: reset\ndata: {\"seq\":1}\n\n", reset()),
        ("event: reset\ndata: {\"seq\":1}\n", vec![]),
        ("event: reset\ndata: {\"seq\":1}", vec![]),
        ("event: reset\n\n", vec![]),
        ("event: reset\n\ndata: {\"seq\":1}\n\n", vec![]),
        ("data: {\"seq\":1}\n\n", vec![]),
        ("event: RESET\ndata: {\"seq\":1}\n\n", vec![]),
        ("event:  reset\ndata: {\"seq\":1}\n\n", vec![]),
        (" event: reset\ndata: {\"seq\":1}\n\n", vec![]),
        ("\n\n\r\r\n\n", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_next_event_is_read() {
    let unknown = Unreadable::Entry { seq: 4, bad: BadEntry::UnknownSubject };
    let ambiguous = Unreadable::Entry { seq: 4, bad: BadEntry::Ambiguous };
    let malformed = |why| Unreadable::Malformed(why);
    let (object, number) = ("its data is not a JSON object", "seq or as_of is not a whole number");
    for (event, expected) in [
        ("event: revocation\ndata: {\"x\":1,\"until\":9,\"seq\":4}", unknown),
        ("event: revocation\ndata: {\"k\":\"a\",\"before\":1,\"until\":9,\"seq\":4}", ambiguous),
        ("event: revocation\nid: 4\ndata: {\"k\":\"a\",\"until\":9}", malformed(number)),
        ("event: revocation\ndata: {\"k\":\"a\",\"until\":9,\"seq\":\"4\"}", malformed(number)),
        ("event: revocation\ndata: [4]", malformed(object)),
        ("event: revocation\ndata", malformed(object)),
        ("event: heartbeat\ndata: {\"seq\":4}", malformed(number)),
        ("event: heartbeat\ndata: {\"seq\":4,\"as_of\":-1}", malformed(number)),
        ("event: heartbeat\ndata: {\"seq\":4,\"seq\":5,\"as_of\":1}", malformed(object)),
        ("event: reset\ndata: {}", malformed(number)),
    ] {
        let text = format!("{event}\n\nevent: reset\ndata: {{\"seq\":1}}\n\n");
        assert_eq!(read(text), [Err(expected), Ok(Event::Reset { seq: 1 })], "{event}");
    }
    let not_utf8 = b"event: reset\ndata: {\"seq\":\xff}\n\n";
    assert_eq!(read(not_utf8), [Err(malformed(object))]);
}

#[test]
fn an_event_without_end_takes_bounded_memory_and_is_told() {
    let reset = Event::Reset { seq: 1 }.to_sse();
    let long = "x".repeat(MAX_EVENT_LEN);
    for start in ["data: ", "event: reset\ndata: ", "event: ", ": ", ""] {
        let text = format!("{start}{long}{long}\n\n{reset}");
        let expected = [Err(Unreadable::TooLong), Ok(Event::Reset { seq: 1 })];
        assert_eq!(read(&text), expected, "{start:?}");
        assert_eq!(read_pieces(text.as_bytes().chunks(1000)), expected, "{start:?} in pieces");
    }
    let many_lines = "data: x\n".repeat(MAX_EVENT_LEN);
    let mut reader = SseReader::new();
    for _ in 0..4 {
        assert_eq!(reader.push(many_lines.as_bytes()), []);
        assert_eq!(reader.push(long.as_bytes()), []);
    }
    let kept = reader.line.capacity() + reader.name.capacity() + reader.data.capacity();
    assert!(kept <= 4 * MAX_EVENT_LEN, "{kept} bytes");
    assert_eq!(reader.push(b"\n\n"), [Err(Unreadable::TooLong)]);
    assert_eq!(reader.push(reset.as_bytes()), [Ok(Event::Reset { seq: 1 })]);

    let longest = format!("event: revocation\ndata: {}\n\n", " ".repeat(MAX_EVENT_LEN - 40));
    assert_ne!(read(longest), [Err(Unreadable::TooLong)]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(pieces: Vec<Vec<u8>>) {
        read_pieces(pieces.iter().map(Vec::as_slice));
    }

    #[test]
    fn where_a_stream_is_cut_makes_no_difference(
        lines in prop::collection::vec(
            "(event: reset|data: \\{\"seq\":[0-9]\\}|data|:|x|\u{feff})?(\n|\r|\r\n)", 0..20,
        ),
        len in 1..9_usize,
    ) {
        let text = lines.concat();
        let whole = read(&text);
        proptest::prop_assert_eq!(read_pieces(text.as_bytes().chunks(len)), whole);
    }

    #[test]
    fn what_is_sent_arrives(seqs in prop::collection::vec(any::<u64>(), 0..9), kid: String) {
        let events: Vec<_> = seqs.iter().map(|seq| revocation(*seq, &kid)).collect();
        let text: String = events.iter().map(Event::to_sse).collect();
        let expected: Vec<_> = events.into_iter().map(Ok).collect();
        proptest::prop_assert_eq!(read_pieces(text.as_bytes().chunks(7)), expected);
    }
}
