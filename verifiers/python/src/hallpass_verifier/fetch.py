"""Asks the issuer: `GET`, within bounds of time and size. It follows no redirect, uses no proxy,
and decides nothing about what it has read."""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_USER_AGENT = "hallpass-verifier-python/0.1"
_PIECE = 64 * 1024


class FetchError(Exception):
    """Nothing usable came back."""

    def __init__(self, why: str, status: int | None = None) -> None:
        """`status` is that of the answer, if there was one."""
        super().__init__(why)
        self.status = status


class BadUrl(ValueError):
    """Not a URL from which keys may be fetched."""


def checked(url: str, allow_plain_http: bool) -> str:
    """The URL, if whoever is on the way cannot put in keys of his own. Raises BadUrl."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise BadUrl(f"{url!r} is not an absolute http or https URL")
    if parts.fragment or "#" in url or "@" in parts.netloc:
        raise BadUrl(f"{url!r} has a fragment or a login")
    if parts.scheme == "http" and not allow_plain_http and not _is_loopback(parts.hostname):
        raise BadUrl(f"{url!r}: keys are fetched over https, except from this machine itself")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Pieces(io.RawIOBase):
    """Reads from a socket until a deadline, however slowly the other side sends."""

    def __init__(self, sock: socket.socket, deadline: "_Deadline") -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def, override]
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class _Deadline:
    """A time on the monotonic clock, that can be put off."""

    def __init__(self, within_s: float) -> None:
        self.put_off(within_s)

    def put_off(self, within_s: float) -> None:
        self._at = time.monotonic() + within_s

    def left(self) -> float:
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


class _Bounded:
    """As much of a socket as http.client needs."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Pieces(self._sock, self._deadline))

    def close(self) -> None:
        """The body is still to be read: `Fetch.get` closes the socket."""


class Answer:
    """The head of an answer, and its body in the course of arriving."""

    def __init__(self, response: http.client.HTTPResponse, deadline: _Deadline) -> None:
        """`deadline` is for whatever is read next."""
        self._response = response
        self.deadline = deadline
        self.status = response.status

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return self._response.headers.get(name)

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Raises FetchError."""
        while True:
            with _told():
                piece = self._response.read1(_PIECE)
            if not piece:
                return
            yield piece

    def body(self, at_most: int) -> bytes:
        """The whole body. Raises FetchError."""
        whole = bytearray()
        for piece in self.pieces():
            whole += piece
            if len(whole) > at_most:
                raise FetchError(f"an answer of more than {at_most} bytes")
        missing = self._response.length
        if missing:
            raise FetchError(f"the answer was cut off {missing} bytes before its end")
        return bytes(whole)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from None


class Fetch:
    """How the issuer is asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """`context` says which certificates are trusted."""
        self._context = context
        self._open: set[socket.socket] = set()

    @contextmanager
    def get(
        self, url: str, within_s: float, *, accept: str, etag: str | None = None
    ) -> Iterator[Answer]:
        """The answer, until the end of the block. Raises FetchError."""
        parts = urlsplit(url)
        deadline = _Deadline(within_s)
        with _told():
            sock = self._connect(parts.hostname or "", parts.port, parts.scheme, deadline)
        self._open.add(sock)
        try:
            connection = http.client.HTTPConnection(parts.netloc.rpartition("@")[2])
            connection.sock = _Bounded(sock, deadline)  # type: ignore[assignment]
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Accept": accept, "User-Agent": _USER_AGENT, "Connection": "close"}
            if etag is not None:
                headers["If-None-Match"] = etag
            with _told():
                connection.request("GET", target, headers=headers)
                response = connection.getresponse()
            yield Answer(response, deadline)
        finally:
            self._open.discard(sock)
            sock.close()

    def document(self, url: str, within_s: float, at_most: int) -> tuple[bytes, Answer]:
        """A whole JSON document, and its head. Raises FetchError."""
        with self.get(url, within_s, accept="application/json") as answer:
            if answer.status != 200:
                raise FetchError(f"status {answer.status}", answer.status)
            return answer.body(at_most), answer

    def abort(self) -> None:
        """Ends whatever is under way, from another thread."""
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forget(self) -> None:
        """After a fork: what is under way belongs to the parent, and goes on there."""
        for sock in self._open:
            sock.close()
        self._open.clear()

    def _connect(
        self, host: str, port: int | None, scheme: str, deadline: _Deadline
    ) -> socket.socket:
        port = port or (443 if scheme == "https" else 80)
        sock = socket.create_connection((host, port), timeout=deadline.left())
        if scheme != "https":
            return sock
        context = self._context or ssl.create_default_context()
        try:
            sock.settimeout(deadline.left())
            return context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
