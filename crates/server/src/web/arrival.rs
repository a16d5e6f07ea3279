//! How a request arrived: by which connection, and under which id.

use std::{fmt, net::SocketAddr};

use http::HeaderValue;

/// Put into every request by the edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
    /// Its id.
    pub(crate) id: RequestId,
}

/// Names a request in the log and in `x-request-id`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(pub(crate) u64);

impl RequestId {
    /// As `x-request-id` carries it: 16 hexadecimal digits.
    pub(crate) fn header(self) -> HeaderValue {
        let digit = |at: u32| b"0123456789abcdef"[(self.0 >> (60 - 4 * at)) as usize & 15];
        let mut digits = [0; 16];
        for (at, place) in (0..).zip(&mut digits) {
            *place = digit(at);
        }
        HeaderValue::from_bytes(&digits).unwrap_or(HeaderValue::from_static("none"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_and_the_header_agree() {
        for id in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            let id = RequestId(id);
            assert_eq!(id.header().to_str().unwrap(), id.to_string());
        }
    }
}
