//! A connection on which refusals have words. What cannot be read as a request never reaches a
//! handler: hyper refuses it itself, with an empty body. Whoever meets such an answer needs the
//! same JSON as everywhere else to find out what is wrong.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How hyper's own refusals begin. No handler of ours answers so without a body.
const BEGINS: &[u8] = b"HTTP/1.1 4";

/// A stream that puts an answer in words in the place of an empty refusal.
pub(super) struct InWords<S> {
    inner: S,
    /// What is written instead, and how much of it has been.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S: AsyncWrite + Unpin> InWords<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, instead: None }
    }

    /// Writes what stands instead to its end; the writer is told then that its own is written.
    fn write_instead(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<io::Result<usize>> {
        while let Some((answer, written)) = &mut self.instead {
            let rest = &answer[*written..];
            if rest.is_empty() {
                self.instead = None;
                break;
            }
            match ready!(Pin::new(&mut self.inner).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => *written += more,
            }
        }
        Poll::Ready(Ok(len))
    }

    fn replaces(&mut self, buf: &[u8]) -> bool {
        if self.instead.is_none() && buf.starts_with(BEGINS) {
            self.instead = in_words(buf).map(|answer| (answer, 0));
        }
        self.instead.is_some()
    }
}

/// The answer for a bare refusal; `None` for anything else.
fn in_words(written: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(written).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?;
    if !lines.any(|line| line.eq_ignore_ascii_case("content-length: 0")) {
        return None;
    }
    let description = match status.get(..3)? {
        "400" => {
            "this is not a well-formed HTTP request: check its first line, its header fields and how its length is given"
        }
        "414" => "the address of the request is too long",
        "431" => {
            "the head of the request is larger than 64 KiB, or has more than 100 header fields"
        }
        _ => return None,
    };
    let body = format!(r#"{{"error":"invalid_request","error_description":"{description}"}}"#);
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    Some(answer.into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for InWords<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for InWords<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replaces(buf) {
            return this.write_instead(cx, buf.len());
        }
        Pin::new(&mut this.inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // A bare refusal is one piece: its head.
        if let [head] = bufs
            && this.replaces(head)
        {
            return this.write_instead(cx, head.len());
        }
        Pin::new(&mut this.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn only_bare_refusals_get_words() {
        for (written, gets_words) in [
            ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 431 Too Large\r\ncontent-length: 0\r\ndate: x\r\n\r\n", true),
            ("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n", false),
            ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n{}", false),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 4", false),
        ] {
            // So narrow that an answer takes many writes.
            let (ours, mut theirs) = tokio::io::duplex(16);
            let writing = async {
                let mut stream = InWords::new(ours);
                stream.write_all(written.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            };
            let mut came = String::new();
            let (_, read) = tokio::join!(writing, theirs.read_to_string(&mut came));
            read.unwrap();
            assert_eq!(came != written, gets_words, "{written}\n{came}");
            if let Some((head, body)) = came.split_once("\r\n\r\n").filter(|_| gets_words) {
                assert!(head.contains(&format!("content-length: {}", body.len())), "{came}");
                let json: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(json["error"], "invalid_request");
            }
        }
    }
}
