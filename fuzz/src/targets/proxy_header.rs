//! What comes before anything else, from a load balancer or whoever sits at its address.

use hallpass_server::listener::proxy_header;

use crate::target::{Target, must};

const V4: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xCB\0\x71\x07\xC0\0\x02\x01\xDC\x04\x01\xBB";
const WORDS: &[&str] = &[
    "PROXY ",
    "TCP4 ",
    "TCP6 ",
    "UNKNOWN",
    "\r\n",
    "203.0.113.7 ",
    "2001:db8::7 ",
    " 65536",
    "\0",
];

pub(super) fn target() -> Target {
    let seeds = [
        &b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n"[..],
        b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n",
        b"PROXY UNKNOWN\r\n",
        V4,
        b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
    ];
    Target::new("proxy-header", seeds, WORDS, |bytes| {
        let Ok(caller) = proxy_header::parse(bytes) else { return Ok(()) };
        let is_one = bytes.starts_with(b"PROXY ") || bytes.starts_with(&V4[..12]);
        must(is_one, || format!("{caller:?} was read from what is no header"))?;
        // A header ends where it says: what follows must change nothing.
        let more = [bytes, b"GET / HTTP/1.1\r\n"].concat();
        let again = proxy_header::parse(&more).ok();
        must(again == Some(caller), || format!("{caller:?} became {again:?}"))
    })
}
