"""What holds behind every reverse proxy, with the files of `packaging/proxy` as they are but for
ports and places. curl is the client, from an address of its own, so that it is told from the
proxy."""

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import peer
from harness.service import free_port
from peer import Case, World

PACKAGING = Path(__file__).resolve().parent.parent.parent / "packaging"

HOST = "auth.example.com"
# Another address of this machine than the proxy's.
CLIENT = "127.0.0.2"
WITHIN_S = 10.0

GRANT = "grant_type=client_credentials"

# How curl ends when a connection or a stream of HTTP/2 is closed on it, by the moment.
RESETS = {16, 18, 55, 56, 92}


@dataclass(frozen=True)
class Setup:
    """What a proxy is told."""

    port: int
    server: str
    certificate: Path
    key: Path


class Proxy:
    """A running proxy, ended with its block."""

    def __init__(self, words: Sequence[str], port: int, folder: Path) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        until = time.monotonic() + WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            ended = self.process.poll() is not None
            if ended or time.monotonic() > until:
                self.end()
                raise AssertionError(f"{words[0]} does not listen: {self.log.read_text()[-500:]}")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


Start = Callable[[Setup, Path], Proxy]


def filled(name: str, places: Mapping[str, str]) -> str:
    """A file of `packaging/proxy` with the places of this test. Each must be in it, once."""
    text = (PACKAGING / "proxy" / name).read_text()
    for old, new in places.items():
        peer.expect_equal(f"how often {name} has {old!r}", text.count(old), 1)
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Answer:
    """What curl shows."""

    status: int
    http_version: str
    content_type: str
    headers: str
    body: str


@dataclass(frozen=True)
class Front:
    """The proxy, as a client sees it."""

    port: int
    certificate: Path
    # Whether an answer gets through that comes before the whole body has.
    answers_early_over_http2: bool

    def words(self, path: str, more: Sequence[str]) -> list[str]:
        fixed = ["curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--http2"]
        here = ["--cacert", str(self.certificate), "--interface", CLIENT]
        there = ["--resolve", f"{HOST}:{self.port}:127.0.0.1"]
        return [*fixed, *here, *there, *more, f"https://{HOST}:{self.port}{path}"]

    def call(self, path: str, *more: str) -> Answer:
        report = "\n%{http_code} %{http_version} %{content_type}"
        shown = ["--max-time", "10", "--dump-header", "/dev/stderr", "--write-out", report]
        done = subprocess.run(
            self.words(path, [*shown, *more]), capture_output=True, text=True, timeout=20
        )
        peer.expect_equal(f"curl's exit code ({done.stderr[-200:]})", done.returncode, 0)
        body, _, line = done.stdout.rpartition("\n")
        status, version, content_type = line.split(" ", 2)
        return Answer(int(status), version, content_type, done.stderr.lower(), body)

    def resets(self, path: str, *more: str) -> None:
        """Over HTTP/2: no answer, and no waiting either."""
        words = self.words(path, ["--max-time", "5", *more])
        code = subprocess.run(words, capture_output=True, timeout=20).returncode
        peer.expect(code in RESETS, f"curl's exit code is {code}, not one of {sorted(RESETS)}")

    def token(self, world: World, name: str, *more: str) -> Answer:
        login = ":".join(world.login(name))
        return self.call("/oauth/token", "--user", login, "--data", GRANT, *more)


@contextlib.contextmanager
def front(start: Start, server: str, answers_early: bool) -> Iterator[Front]:
    """A proxy in front of a server."""
    with tempfile.TemporaryDirectory(prefix="hallpass-proxy-") as path:
        folder = Path(path)
        certificate, key = folder / "tls.crt", folder / "tls.key"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        made += ["-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
        made += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key)]
        subprocess.run([*made, "-out", str(certificate)], check=True, capture_output=True)
        port = free_port()
        proxy = start(Setup(port, server, certificate, key), folder)
        try:
            yield Front(port, certificate, answers_early)
        finally:
            proxy.end()


def expect_refusal(answer: Answer, status: int, code: str) -> None:
    """A refusal that an OAuth library can read."""
    peer.expect_equal("status", answer.status, status)
    peer.expect_equal("Content-Type", answer.content_type, "application/json")
    peer.expect_equal("error", json.loads(answer.body)["error"], code)


def token(world: World, here: Front) -> None:
    # Who invents that it came by http must not be told so.
    answer = here.token(world, "plain", "--header", "X-Forwarded-Proto: http")
    peer.expect_equal("status", answer.status, 200)
    peer.expect_equal("HTTP version", answer.http_version, "2")
    peer.expect("\nstrict-transport-security: " in answer.headers, "no HSTS")
    peer.expect("\ncache-control: no-store" in answer.headers, "no Cache-Control: no-store")
    peer.expect_token(world, json.loads(answer.body))


def page(_: World, here: Front) -> None:
    answer = here.call("/sign-in")
    peer.expect_equal("status", answer.status, 200)
    peer.expect(answer.content_type.startswith("text/html"), f"it is {answer.content_type}")
    peer.expect("<form" in answer.body, "there is no form to sign in")


def address(world: World, here: Front) -> None:
    """`near` may ask from the client's network only, `far` from one that the client invents."""
    invented = ("--header", "X-Forwarded-For: 203.0.113.9")
    for name, more, status in [
        ("near", (), 200), ("near", invented, 200), ("far", (), 400), ("far", invented, 400)
    ]:
        answer = here.token(world, name, *more)
        peer.expect_equal(f"status for {name} {more}", answer.status, status)
        if status != 200:
            expect_refusal(answer, status, "unauthorized_client")


def stream(world: World, here: Front) -> None:
    """The first heartbeat comes by itself, a death within a second of its acknowledgement."""
    client_id, _ = world.login("doomed")
    digest = hashlib.sha256(client_id.encode()).digest()[:16]
    handle = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    reader = subprocess.Popen(
        here.words("/revocations/stream", ["--no-buffer", "--max-time", "20"]),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    came: dict[str, float] = {}
    heard, died = threading.Event(), threading.Event()

    def follow() -> None:
        for line in reader.stdout:
            if line.startswith("event: heartbeat"):
                heard.set()
            if handle in line:
                came["death"] = time.monotonic()
                died.set()

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        peer.expect(heard.wait(5.0), "no heartbeat came within 5 s")
        world.revoke_credential()
        acknowledged = time.monotonic()
        peer.expect(died.wait(WITHIN_S), "the death never came")
        took_s = came["death"] - acknowledged
        limit_s = world.values["revoked_within_s"]
        peer.expect(took_s < limit_s, f"the death came after {took_s:.2f} s")
    finally:
        reader.terminate()
        reader.wait()
        follower.join(WITHIN_S)


def long_head(world: World, here: Front) -> None:
    """More than either proxy takes of one line. Over HTTP/2 both reset the stream."""
    head = ("--header", f"X-Long: {'x' * 20_000}", "--data", GRANT)
    peer.expect_equal("status", here.call("/oauth/token", "--http1.1", *head).status, 400)
    here.resets("/oauth/token", *head)
    # Whoever sent it is not the only one here.
    peer.expect_equal("status afterwards", here.token(world, "plain").status, 200)


def big_body(world: World, here: Front) -> None:
    """A little too much, and far too much."""
    with tempfile.NamedTemporaryFile(suffix=".form") as file:
        for size in (70_000, 2_000_000):
            file.truncate(0)
            file.seek(0)
            file.write(b"x" * size)
            file.flush()
            sent = ("--data-binary", f"@{file.name}")
            answer = here.call("/oauth/token", "--http1.1", *sent)
            expect_refusal(answer, 413, "invalid_request")
            if here.answers_early_over_http2:
                expect_refusal(here.call("/oauth/token", *sent), 413, "invalid_request")
            else:
                here.resets("/oauth/token", *sent)
    peer.expect_equal("status afterwards", here.token(world, "plain").status, 200)


def away(world: World, here: Front) -> None:
    answer = here.token(world, "plain")
    expect_refusal(answer, 503, "temporarily_unavailable")
    peer.expect("\nretry-after: " in answer.headers, "no Retry-After")


def cases(start: Start, *, answers_early_over_http2: bool) -> dict[str, Case]:
    """The table of one proxy."""
    early = answers_early_over_http2

    def in_front_of_hallpass(case: Callable[[World, Front], None]) -> Case:
        def run(world: World) -> None:
            with front(start, world.issuer.removeprefix("http://"), early) as here:
                case(world, here)

        return run

    def in_front_of_nothing(world: World) -> None:
        with front(start, f"127.0.0.1:{free_port()}", early) as here:
            away(world, here)

    return {
        "proxy-token": in_front_of_hallpass(token),
        "proxy-page": in_front_of_hallpass(page),
        "proxy-address": in_front_of_hallpass(address),
        "proxy-stream": in_front_of_hallpass(stream),
        "proxy-long-head": in_front_of_hallpass(long_head),
        "proxy-big-body": in_front_of_hallpass(big_body),
        "proxy-away": in_front_of_nothing,
    }
