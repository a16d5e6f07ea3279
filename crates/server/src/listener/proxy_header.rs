//! The PROXY protocol, versions 1 and 2 (haproxy.org, `proxy-protocol.txt`): what a load balancer
//! that does not look into a connection says before anything else, so that the caller's address is
//! known. It is read byte for byte, never one beyond its end: what follows is TLS or HTTP. Whom to
//! believe is for the listener to say.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, its end included.
const LINE_AT_MOST: usize = 107;

/// The longest rest of a header of version 2. Addresses have 216 bytes at most; what follows them
/// is of no use here.
const REST_AT_MOST: usize = 2048;

/// Why a header is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadHeader {
    /// Not of the form of either version.
    #[error("it does not begin with a PROXY header of version 1 or 2")]
    Malformed,
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a header of which all bytes are there. Public for the fuzz target.
///
/// # Errors
/// It is none, or ends too soon.
pub fn parse(mut bytes: &[u8]) -> Result<Option<SocketAddr>, BadHeader> {
    read(&mut bytes).now_or_never().unwrap_or(Err(BadHeader::Malformed))
}

/// Reads a header from a connection, and nothing behind it. `None` if the load balancer speaks for
/// itself, or does not know for whom.
pub(super) async fn read<S>(stream: &mut S) -> Result<Option<SocketAddr>, BadHeader>
where
    S: AsyncRead + Unpin,
{
    let mut begin = [0; SIGNATURE.len()];
    stream.read_exact(&mut begin).await?;
    if begin == SIGNATURE {
        return version_2(stream).await;
    }
    // The shortest line of version 1 is longer than that.
    let mut line = begin.to_vec();
    while !line.ends_with(b"\r\n") {
        if !line.starts_with(b"PROXY ") || line.len() == LINE_AT_MOST {
            return Err(BadHeader::Malformed);
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).map_err(|_| BadHeader::Malformed)?;
    version_1(line.trim_end_matches("\r\n")).ok_or(BadHeader::Malformed)
}

fn version_1(line: &str) -> Option<Option<SocketAddr>> {
    let words: Vec<&str> = line.split(' ').collect();
    let caller: IpAddr = match words[..] {
        ["PROXY", "UNKNOWN", ..] => return Some(None),
        ["PROXY", "TCP4", from, to, _, _] => {
            to.parse::<Ipv4Addr>().ok()?;
            from.parse::<Ipv4Addr>().ok()?.into()
        }
        ["PROXY", "TCP6", from, to, _, _] => {
            to.parse::<Ipv6Addr>().ok()?;
            from.parse::<Ipv6Addr>().ok()?.into()
        }
        _ => return None,
    };
    let port = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    port(words[5])?;
    Some(Some(SocketAddr::new(caller, port(words[4])?)))
}

async fn version_2<S>(stream: &mut S) -> Result<Option<SocketAddr>, BadHeader>
where
    S: AsyncRead + Unpin,
{
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if length > REST_AT_MOST {
        return Err(BadHeader::Malformed);
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    let port = |at: usize| Some(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
    let address = |length: usize| rest.get(..length);
    let caller = match (head[0], head[1]) {
        // LOCAL: the load balancer looks whether we live. UNSPEC: it does not know the caller.
        (0x20, _) | (0x21, 0x00) => return Ok(None),
        (0x21, 0x11) => {
            let ip = address(4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
            ip.map(IpAddr::from).zip(port(8).filter(|_| rest.len() >= 12))
        }
        (0x21, 0x21) => {
            let ip = address(16).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
            ip.map(IpAddr::from).zip(port(32).filter(|_| rest.len() >= 36))
        }
        _ => None,
    };
    caller.map(|(ip, port)| Some(SocketAddr::new(ip, port))).ok_or(BadHeader::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    /// The address; an empty one for `None`; what is refused as `bad`.
    fn read_all(bytes: &[u8]) -> String {
        match parse(bytes) {
            Ok(caller) => caller.map(|caller| caller.to_string()).unwrap_or_default(),
            Err(_) => "bad".to_owned(),
        }
    }

    #[test]
    fn lines_of_version_1_name_the_caller() {
        let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(LINE_AT_MOST - 16));
        for (line, wanted) in [
            ("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n", "203.0.113.7:56324"),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "[2001:db8::7]:56324"),
            ("PROXY UNKNOWN\r\n", ""),
            (&longest, ""),
            (&longest.replace("ff\r", "fff\r"), "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\n", "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443", "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 56324\r\n", "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443 1\r\n", "bad"),
            ("PROXY TCP4  203.0.113.7 192.0.2.1 56324 443\r\n", "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 65536 443\r\n", "bad"),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 +1 443\r\n", "bad"),
            ("PROXY TCP4 2001:db8::7 2001:db8::1 1 443\r\n", "bad"),
            ("PROXY TCP6 203.0.113.7 192.0.2.1 1 443\r\n", "bad"),
            ("PROXY TCP4 203.0.113.007 192.0.2.1 1 443\r\n", "bad"),
            ("proxy TCP4 203.0.113.7 192.0.2.1 1 443\r\n", "bad"),
            ("GET / HTTP/1.1\r\n\r\n", "bad"),
            ("", "bad"),
        ] {
            assert_eq!(read_all(line.as_bytes()), wanted, "{line}");
        }
    }

    #[test]
    fn headers_of_version_2_name_the_caller() {
        let v4 = [203, 0, 113, 7, 192, 0, 2, 1, 220, 4, 1, 187];
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        v6[32..34].copy_from_slice(&[220, 4]);
        let with_more = [&v4[..], &[0x04, 0, 1, 0]].concat();
        for (header, wanted) in [
            (v2(0x21, 0x11, &v4), "203.0.113.7:56324"),
            (v2(0x21, 0x11, &with_more), "203.0.113.7:56324"),
            (v2(0x21, 0x21, &v6), "[2001:db8::7]:56324"),
            (v2(0x20, 0x00, &[]), ""),
            (v2(0x20, 0x11, &v4), ""),
            (v2(0x21, 0x00, &[]), ""),
            (v2(0x21, 0x11, &v4[..11]), "bad"),
            (v2(0x21, 0x21, &v6[..35]), "bad"),
            (v2(0x21, 0x12, &v4), "bad"),       // UDP.
            (v2(0x21, 0x31, &[0; 216]), "bad"), // A socket of this machine.
            (v2(0x22, 0x11, &v4), "bad"),
            (v2(0x11, 0x11, &v4), "bad"), // Version 1.
            (v2(0x21, 0x11, &[0; REST_AT_MOST + 1]), "bad"),
            (v2(0x21, 0x11, &v4)[..20].to_vec(), "bad"),
        ] {
            assert_eq!(read_all(&header), wanted, "{header:?}");
        }
    }

    #[test]
    fn nothing_behind_a_header_is_read() {
        let v4 = [203, 0, 113, 7, 192, 0, 2, 1, 220, 4, 1, 187];
        let line = b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n".to_vec();
        for header in [line, v2(0x21, 0x11, &v4), v2(0x20, 0, &[])] {
            let all = [&header[..], b"\r\nGET /"].concat();
            let mut bytes = &all[..];
            read(&mut bytes).now_or_never().unwrap().unwrap();
            assert_eq!(bytes, b"\r\nGET /");
        }
    }
}
