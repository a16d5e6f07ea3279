//! The path of a request, read so that nobody behind the gateway can read another one. Proxies,
//! frameworks and file systems disagree about `..`, `//`, `%2F`, `;` and the like; a path with
//! any of these is refused, never repaired: what is repaired here is still raw there.

/// The longest path that is read, in bytes.
const MOST_BYTES: usize = 8 * 1024;

/// The decoded segments of a path. A slash at the end makes no difference, as in most frameworks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    segments: Vec<String>,
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPath {
    /// No path at all, or the address of another host.
    #[error("the path does not begin with a slash")]
    NotAPath,
    /// Longer than 8 KiB.
    #[error("the path is longer than 8 KiB")]
    TooLong,
    /// `%` without two hexadecimal digits behind it, or a letter that is not ASCII.
    #[error("the path is not percent-encoded as it should be")]
    Encoding,
    /// `//`.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `.` or `..`, however they are written.
    #[error("the path has a segment of dots")]
    Dots,
    /// A slash or backslash that some take for a separator, and others do not.
    #[error("the path has a slash in disguise")]
    HiddenSlash,
    /// `;`, behind which some frameworks see parameters that are no part of the path.
    #[error("the path has a semicolon")]
    Semicolon,
    /// A control character, or bytes that are not UTF-8.
    #[error("the path has a character that no path should have")]
    Character,
    /// `%25` before two digits: whoever decodes twice reads something else.
    #[error("the path is percent-encoded twice")]
    TwiceEncoded,
}

impl Path {
    /// Reads the target of a request, with or without a query.
    ///
    /// # Errors
    /// [`BadPath`], for whatever another program could read otherwise.
    pub fn parse(target: &str) -> Result<Self, BadPath> {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        if path.len() > MOST_BYTES {
            return Err(BadPath::TooLong);
        }
        let inner = path.strip_prefix('/').ok_or(BadPath::NotAPath)?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        // `//` alone would otherwise pass for the root.
        if inner.is_empty() {
            let is_root = path.len() == 1;
            return is_root.then(|| Self { segments: Vec::new() }).ok_or(BadPath::EmptySegment);
        }
        let segments = inner.split('/').map(segment).collect::<Result<_, _>>()?;
        Ok(Self { segments })
    }

    /// The segments, decoded.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether folding ASCII letters changes anything.
    pub(crate) fn has_capitals(&self) -> bool {
        self.segments.iter().any(|segment| segment.bytes().any(|b| b.is_ascii_uppercase()))
    }
}

/// Reads one segment.
fn segment(raw: &str) -> Result<String, BadPath> {
    if raw.is_empty() {
        return Err(BadPath::EmptySegment);
    }
    let decoded = decode(raw)?;
    for byte in decoded.bytes() {
        match byte {
            b'/' | b'\\' => return Err(BadPath::HiddenSlash),
            b';' => return Err(BadPath::Semicolon),
            // A fragment never travels; whoever cuts it off reads a shorter path.
            b'#' if raw.contains('#') => return Err(BadPath::Character),
            0..0x20 | 0x7f => return Err(BadPath::Character),
            _ => {}
        }
    }
    if decoded.bytes().all(|byte| byte == b'.') {
        return Err(BadPath::Dots);
    }
    let bytes = decoded.as_bytes();
    let is_again = |three: &[u8]| three[0] == b'%' && three[1..].iter().all(u8::is_ascii_hexdigit);
    if bytes.windows(3).any(is_again) {
        return Err(BadPath::TwiceEncoded);
    }
    Ok(decoded)
}

fn decode(raw: &str) -> Result<String, BadPath> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| (byte? as char).to_digit(16);
            let (high, low) = (digit(rest.next()), digit(rest.next()));
            let (Some(high), Some(low)) = (high, low) else { return Err(BadPath::Encoding) };
            // Two digits of four bits each.
            bytes.push((high << 4 | low) as u8);
        } else if byte.is_ascii() {
            bytes.push(byte);
        } else {
            return Err(BadPath::Encoding);
        }
    }
    String::from_utf8(bytes).map_err(|_| BadPath::Character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_in_one_way_or_not_at_all() {
        use BadPath::{
            Character, Dots, EmptySegment, Encoding, HiddenSlash, NotAPath, Semicolon, TwiceEncoded,
        };
        for (target, wanted) in [
            ("/", Ok(&[][..])),
            ("/?a=/../b", Ok(&[])),
            ("/v1/books", Ok(&["v1", "books"])),
            ("/v1/books/", Ok(&["v1", "books"])),
            ("/v1/books?q=1;2//", Ok(&["v1", "books"])),
            ("/v1/b%6Foks", Ok(&["v1", "books"])),
            ("/v1/caf%C3%A9", Ok(&["v1", "café"])),
            ("/v1/a%20b+c", Ok(&["v1", "a b+c"])),
            ("/v1/100%25", Ok(&["v1", "100%"])),
            ("/v1/100%25x", Ok(&["v1", "100%x"])),
            ("/v1/a%23b%3F", Ok(&["v1", "a#b?"])),
            ("/v1/.well-known/..a", Ok(&["v1", ".well-known", "..a"])),
            ("/v1/a:b@c!$&'()*,=~-_", Ok(&["v1", "a:b@c!$&'()*,=~-_"])),
            ("", Err(NotAPath)),
            ("*", Err(NotAPath)),
            ("v1", Err(NotAPath)),
            ("?a", Err(NotAPath)),
            ("https://a.example/v1", Err(NotAPath)),
            ("//", Err(EmptySegment)),
            ("//v1", Err(EmptySegment)),
            ("/v1//books", Err(EmptySegment)),
            ("/v1/books//", Err(EmptySegment)),
            ("/v1/./books", Err(Dots)),
            ("/v1/../admin", Err(Dots)),
            ("/v1/..", Err(Dots)),
            ("/..", Err(Dots)),
            ("/v1/%2e%2E/admin", Err(Dots)),
            ("/v1/.%2e/admin", Err(Dots)),
            ("/v1/.../admin", Err(Dots)), // Some old systems go up for each.
            ("/v1/..;/admin", Err(Semicolon)),
            ("/v1/..;x=y/admin", Err(Semicolon)),
            ("/admin;x", Err(Semicolon)),
            ("/admin%3Bx", Err(Semicolon)),
            ("/v1%2Fbooks", Err(HiddenSlash)),
            ("/v1%2fbooks", Err(HiddenSlash)),
            ("/v1%5Cbooks", Err(HiddenSlash)),
            ("/v1\\books", Err(HiddenSlash)),
            ("/v1/..%5cadmin", Err(HiddenSlash)),
            ("/v1/..%c0%afadmin", Err(Character)), // A slash in overlong UTF-8.
            ("/v1/%ff", Err(Character)),
            ("/v1/%00", Err(Character)),
            ("/v1/a%0d%0ab", Err(Character)),
            ("/v1/a\tb", Err(Character)),
            ("/v1/%7f", Err(Character)),
            ("/v1/books#x", Err(Character)),
            ("/v1/é", Err(Encoding)),
            ("/v1/%", Err(Encoding)),
            ("/v1/%2", Err(Encoding)),
            ("/v1/%zz", Err(Encoding)),
            ("/v1/%u002e", Err(Encoding)),
            ("/v1/%252e%252e/admin", Err(TwiceEncoded)),
            ("/v1/%252Fadmin", Err(TwiceEncoded)),
        ] {
            let wanted = wanted.map(|segments| Path {
                segments: segments.iter().map(|s| s.to_string()).collect(),
            });
            assert_eq!(Path::parse(target), wanted, "{target}");
        }
        let long = format!("/{}", "a".repeat(MOST_BYTES));
        assert_eq!(Path::parse(&long), Err(BadPath::TooLong));
        assert!(Path::parse(&long[..MOST_BYTES]).is_ok());
        assert!(Path::parse(&format!("/?{long}")).is_ok(), "a query is no path");
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_read_the_same_when_it_is_encoded_again(target: String) {
            if let Ok(path) = Path::parse(&target) {
                let encode = |segment: &String| -> String {
                    let bytes = segment.bytes();
                    bytes.flat_map(|b| format!("%{b:02X}").chars().collect::<Vec<_>>()).collect()
                };
                let again: Vec<_> = path.segments().iter().map(encode).collect();
                let again = format!("/{}", again.join("/"));
                proptest::prop_assert_eq!(Path::parse(&again), Ok(path));
            }
        }
    }
}
