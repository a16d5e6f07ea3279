"""What holds when a proxy asks `hallpass gateway` about every request, or has it behind itself,
with the files of `packaging` as they are but for ports and places. The API behind says what it
got; curl is the client."""

import contextlib
import http.server
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peer
from harness.command import loopback_env
from harness.service import Service, free_port
from peer import Case, World
from proxy import PACKAGING, WITHIN_S, Proxy

HOST = "api.example.com"
IDENTITY = ["Client-Id", "Organization", "Scope", "Audience", "Token-Id", "Expires"]


class Echo(http.server.BaseHTTPRequestHandler):
    """An API that knows nothing of tokens."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        got = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": self.rfile.read(length).decode(),
        }
        body = json.dumps(got).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-From-Api", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@dataclass(frozen=True)
class Places:
    """Where everything is."""

    port: int
    gateway: str
    health: str
    api: str
    certificate: Path
    key: Path


Start = Callable[[Places, Path], Proxy]


@dataclass(frozen=True)
class Answer:
    """What curl shows."""

    status: int
    headers: dict[str, list[str]]
    body: str

    def one(self, name: str) -> str:
        """A header that must be there, once."""
        values = self.headers.get(name, [])
        peer.expect_equal(f"how often {name} came", len(values), 1)
        return values[0]

    def echoed(self) -> dict[str, Any]:
        """What the API got."""
        peer.expect_equal("status", self.status, 200)
        peer.expect("x-from-api" in self.headers, "it did not come from the API")
        return dict(json.loads(self.body))

    def refused(self, status: int, error: str) -> str:
        """A refusal as the gateway makes it, and its challenge."""
        peer.expect_equal("status", self.status, status)
        peer.expect("x-from-api" not in self.headers, "the API was called")
        peer.expect_equal("Content-Type", self.one("content-type"), "application/json")
        peer.expect_equal("error", json.loads(self.body)["error"], error)
        return self.one("www-authenticate") if status == 401 else ""


class Front:
    """The proxy, as a caller sees it."""

    def __init__(self, world: World, port: int, certificate: Path) -> None:
        self.world, self.port, self.certificate = world, port, certificate

    def call(self, path: str, *more: str) -> Answer:
        """Asks by curl; the path goes as it is."""
        words = ["curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--path-as-is"]
        words += ["--cacert", str(self.certificate), "--max-time", "10"]
        words += ["--resolve", f"{HOST}:{self.port}:127.0.0.1", "--dump-header", "/dev/stderr"]
        words += [*more, f"https://{HOST}:{self.port}{path}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        peer.expect_equal(f"curl's exit code ({done.stderr[-200:]})", done.returncode, 0)
        first, *lines = done.stderr.replace("\r", "").strip().splitlines()
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        return Answer(int(first.split()[1]), headers, done.stdout)

    def token(self, name: str, scope: str) -> list[str]:
        """curl's words for a token."""
        client_id, secret = self.world.login(name)
        form = f"grant_type=client_credentials&scope={scope}"
        words = ["curl", "-q", "--silent", "--noproxy", "*", "--user", f"{client_id}:{secret}"]
        words += ["--data", form, self.world.token_endpoint]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        return ["--oauth2-bearer", json.loads(done.stdout)["access_token"]]


@contextlib.contextmanager
def echo() -> Iterator[str]:
    """The API."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def rules(world: World, folder: Path) -> Path:
    """`packaging/gateway.toml` with the places of this test."""
    text = (PACKAGING / "gateway.toml").read_text()
    places = {"https://auth.example.com": world.issuer, "/var/lib/hallpass-gateway": f"{folder}/state"}
    for old, new in places.items():
        peer.expect_equal(f"how often gateway.toml has {old!r}", text.count(old), 1)
        text = text.replace(old, new)
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def gateway(world: World, folder: Path, listen: str, health: str, *more: str) -> Service:
    """Starts it, and waits until it knows the keys."""
    words = [world.values["hallpass"], "gateway", "--rules", rules(world, folder)]
    words += ["--gateway-listen", listen, "--gateway-metrics-listen", health, *more]
    ready = f"http://{health}/readyz"
    return Service(words, ready=ready, log=folder / "gateway.log", env=loopback_env())


@contextlib.contextmanager
def front(start: Start, world: World, direct: bool) -> Iterator[tuple[Front, Service]]:
    """Proxy, gateway and API."""
    with tempfile.TemporaryDirectory(prefix="hallpass-gateway-") as path, echo() as api:
        folder = Path(path)
        certificate, key = folder / "tls.crt", folder / "tls.key"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        made += ["-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
        made += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key)]
        subprocess.run([*made, "-out", str(certificate)], check=True, capture_output=True)
        listen, health = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        port = free_port()
        more = ("--upstream", f"http://{api}") if direct else ()
        with gateway(world, folder, listen, health, *more) as running:
            proxy = start(Places(port, listen, health, api, certificate, key), folder)
            try:
                yield Front(world, port, certificate), running
            finally:
                proxy.end()


def passes(here: Front, _: Service) -> None:
    client_id, _ = here.world.login("plain")
    reads = here.token("plain", "books:read")
    got = here.call("/v1/books/7?q=%2F..;&a=b", *reads).echoed()
    peer.expect_equal("path", got["path"], "/v1/books/7?q=%2F..;&a=b")
    headers = dict(got["headers"])
    peer.expect_equal("client", headers.get("x-hallpass-client-id"), client_id)
    peer.expect_equal("scope", headers.get("x-hallpass-scope"), "books:read")
    peer.expect_equal("audience", headers.get("x-hallpass-audience"), here.world.audience)
    for name in IDENTITY:
        peer.expect(headers.get(f"x-hallpass-{name.lower()}"), f"there is no X-Hallpass-{name}")
    peer.expect("authorization" not in headers, "the API sees the token")
    writes = here.token("plain", "books:write")
    sent = ("--request", "PUT", "--data", "a body")
    got = here.call("/v1/books/7", *writes, *sent).echoed()
    peer.expect_equal("method and body", (got["method"], got["body"]), ("PUT", "a body"))
    open_to_all = here.call("/health").echoed()
    ours = [name for name, _ in open_to_all["headers"] if name.startswith("x-hallpass")]
    peer.expect_equal("what the API is told of nobody", ours, [])


def refusals(here: Front, _: Service) -> None:
    reads = here.token("plain", "books:read")
    url = f"{here.world.audience}/.well-known/oauth-protected-resource"
    challenge = here.call("/v1/books").refused(401, "missing_token")
    peer.expect_equal(
        "challenge",
        challenge,
        f'Bearer realm="{here.world.audience}", scope="books:read", resource_metadata="{url}"',
    )
    challenge = here.call("/v1/books", "--oauth2-bearer", "a.b.c").refused(401, "invalid_token")
    peer.expect('error="invalid_token"' in challenge, challenge)
    answer = here.call("/v1/books", "--request", "POST", *reads)
    answer.refused(403, "insufficient_scope")
    challenge = answer.one("www-authenticate")
    peer.expect('error="insufficient_scope"' in challenge, challenge)
    peer.expect('scope="books:write"' in challenge, challenge)
    answer = here.call("/v1/books", "--header", "Authorization: Bearer a b")
    answer.refused(400, "invalid_request")
    peer.expect('error="invalid_request"' in answer.one("www-authenticate"), "no challenge")
    here.call("/elsewhere", *reads).refused(403, "forbidden")
    here.call("/v1/books/7", "--request", "OPTIONS").refused(403, "forbidden")


def forged(here: Front, _: Service) -> None:
    client_id, _ = here.world.login("plain")
    said = []
    for name in IDENTITY:
        for spelt in (name, name.upper(), name.replace("-", "_")):
            said += ["--header", f"X-Hallpass-{spelt}: forged"]
            said += ["--header", f"X_Hallpass_{spelt}: forged"]
    for name in ("X-Original-URI", "X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL"):
        said += ["--header", f"{name}: /health"]
    for name in ("X-HTTP-Method-Override", "X-Original-Method", "X-Forwarded-Method"):
        said += ["--header", f"{name}: OPTIONS"]
    here.call("/v1/books", *said).refused(401, "missing_token")
    here.call("/elsewhere", *said).refused(403, "forbidden")
    for call in (here.call("/health", *said), here.call("/v1/books", *said, *here.token("plain", "books:read"))):
        got = call.echoed()["headers"]
        peer.expect("forged" not in [value for _, value in got], f"forged headers got in: {got}")
        names = [name for name, _ in got]
        for name in ("x-original-url", "x-rewrite-url", "x-http-method-override"):
            peer.expect(name not in names, f"{name} got in")
    ours = [value for name, value in got if name == "x-hallpass-client-id"]
    peer.expect_equal("client", ours, [client_id])
    # Some proxies drop what Connection names, also when it did not come from the caller.
    hop = ("--http1.1", "--header", "Connection: close, X-Hallpass-Client-Id, X-Hallpass-Scope")
    got = here.call("/v1/books", *hop, *here.token("plain", "books:read")).echoed()["headers"]
    ours = [value for name, value in got if name == "x-hallpass-client-id"]
    peer.expect_equal("client behind a hop", ours, [client_id])


def paths(here: Front, _: Service) -> None:
    reads = here.token("plain", "books:read")
    for path in (
        "/v1/books/../../admin",
        "/health/../admin",
        "/health/%2e%2e/admin",
        "/v1/books/..%2f..%2fadmin",
        "/v1/books/..;/..;/admin",
        "/v1//books",
        "/v1/books/%252e%252e",
        "/health%00",
    ):
        answer = here.call(path, *reads)
        peer.expect(answer.status in (400, 403, 404), f"{path} is answered {answer.status}")
        peer.expect("x-from-api" not in answer.headers, f"{path} came to the API")


def metadata(here: Front, _: Service) -> None:
    answer = here.call("/.well-known/oauth-protected-resource")
    peer.expect_equal("status", answer.status, 200)
    document = json.loads(answer.body)
    peer.expect_equal("resource", document["resource"], here.world.audience)
    peer.expect_equal("issuer", document["authorization_servers"], [here.world.issuer])


def death(here: Front, _: Service) -> None:
    reads = here.token("doomed", "books:read")
    here.call("/v1/books", *reads).echoed()
    here.world.revoke_credential()
    since = time.monotonic()
    while (answer := here.call("/v1/books", *reads)).status == 200:
        peer.expect(time.monotonic() - since < WITHIN_S, "the token never dies")
    took_s, limit_s = time.monotonic() - since, here.world.values["revoked_within_s"]
    peer.expect(took_s < limit_s, f"the token died after {took_s:.2f} s")
    peer.expect("revoked" in answer.refused(401, "invalid_token"), "it is not called revoked")


def away(here: Front, running: Service) -> None:
    reads = here.token("plain", "books:read")
    here.call("/v1/books", *reads).echoed()
    running.process.kill()
    running.process.wait()
    for path in ("/v1/books", "/health", "/elsewhere"):
        answer = here.call(path, *reads)
        peer.expect(answer.status in (502, 503), f"{path} is answered {answer.status}")
        peer.expect("x-from-api" not in answer.headers, f"{path} came to the API")


def cases(start: Start, *, direct: bool = False) -> dict[str, Case]:
    """The table of one proxy."""

    def run(case: Callable[[Front, Service], None]) -> Case:
        def in_a_front(world: World) -> None:
            with front(start, world, direct) as (here, running):
                case(here, running)

        return in_a_front

    return {
        "gateway-passes": run(passes),
        "gateway-refusals": run(refusals),
        "gateway-forged": run(forged),
        "gateway-paths": run(paths),
        "gateway-metadata": run(metadata),
        "gateway-death": run(death),
        "gateway-away": run(away),
    }
