"""curl: what everybody tries first, as documentation would have them type it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peer
from peer import World, not_supported

SCRIPT = Path(__file__).resolve().parent / "curl.sh"

GRANT = "grant_type=client_credentials"
REPORT = "\n%{http_code} %{http_version} %{content_type}"


@dataclass
class Answer:
    """What curl shows."""

    body: str
    status: int
    http_version: str
    content_type: str
    headers: str

    def json(self) -> dict[str, Any]:
        peer.expect_equal("Content-Type", self.content_type, "application/json")
        return dict(json.loads(self.body))


def curl(*words: str) -> Answer:
    """One call. `-q` keeps the caller's own settings out."""
    fixed = ["curl", "-q", "--silent", "--show-error", "--max-time", "5", "--noproxy", "*"]
    # The headers go to stderr, the body and the report to stdout.
    shown = ["--dump-header", "/dev/stderr", "--write-out", REPORT]
    done = subprocess.run([*fixed, *shown, *words], capture_output=True, text=True, timeout=10)
    peer.expect_equal("curl's exit code", done.returncode, 0)
    body, _, report = done.stdout.rpartition("\n")
    status, version, content_type = report.split(" ", 2)
    return Answer(body, int(status), version, content_type, done.stderr)


def basic(
    world: World, login: tuple[str, str], *form: str, grant: str = GRANT
) -> Answer:
    fields = [word for field in (grant, *form) for word in ("--data-urlencode", field)]
    return curl("--user", ":".join(login), *fields, world.token_endpoint)


def post(world: World, login: tuple[str, str]) -> Answer:
    fields = (GRANT, f"client_id={login[0]}", f"client_secret={login[1]}")
    words = [word for field in fields for word in ("--data-urlencode", field)]
    return curl(*words, world.token_endpoint)


def good(world: World, answer: Answer, scope: str | None = None) -> dict[str, Any]:
    peer.expect_equal("status", answer.status, 200)
    peer.expect("cache-control: no-store" in answer.headers.lower(), "no Cache-Control: no-store")
    token = answer.json()
    peer.expect_token(world, token, scope)
    return token


def refused(answer: Answer, status: int, code: str) -> None:
    peer.expect_equal("status", answer.status, status)
    peer.expect_equal("error", answer.json()["error"], code)
    peer.expect(answer.json()["error_description"], "there is no error_description")
    challenged = "www-authenticate: basic " in answer.headers.lower()
    peer.expect_equal("challenged", challenged, status == 401)


def by_script(world: World) -> None:
    """The example."""
    words = ["sh", SCRIPT, world.token_endpoint, *world.login()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    peer.expect_token(world, json.loads(done.stdout))
    good(world, basic(world, world.login()))


def token(world: World, name: str = "plain") -> str:
    return str(basic(world, world.login(name)).json()["access_token"])


def json_body(world: World) -> None:
    client_id, secret = world.login()
    body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    sent = ("--header", "Content-Type: application/json", "--data", json.dumps(body))
    good(world, curl(*sent, world.token_endpoint))


def empty_body(world: World) -> None:
    good(world, curl("-X", "POST", "--user", ":".join(world.login()), world.token_endpoint))


def http2(world: World) -> None:
    words = ("--http2-prior-knowledge", "--user", ":".join(world.login()), "--data", GRANT)
    answer = curl(*words, world.token_endpoint)
    good(world, answer)
    peer.expect_equal("HTTP version", answer.http_version, "2")


def discover(world: World, suffix: str) -> None:
    document = curl(f"{world.issuer}/.well-known/{suffix}").json()
    peer.expect_equal("issuer", document["issuer"], world.issuer)
    peer.expect_equal("token_endpoint", document["token_endpoint"], world.token_endpoint)


def other_api(world: World, parameter: str) -> None:
    answer = basic(world, world.login("several"), f"{parameter}={world.other_audience}")
    peer.expect_audience(answer.json()["access_token"], world.other_audience)


def call(world: World) -> None:
    answer = curl("--oauth2-bearer", token(world), world.api_url)
    peer.expect_equal("status", answer.status, 200)
    answer = curl(world.api_url)
    peer.expect_equal("status without token", answer.status, 401)
    peer.expect("www-authenticate: bearer" in answer.headers.lower(), "no Bearer challenge")


def introspect(world: World) -> None:
    inspector = ":".join(world.login("inspector"))
    for text, active in [(token(world), True), ("nonsense", False)]:
        sent = ("--user", inspector, "--data-urlencode", f"token={text}")
        answer = curl(*sent, world.introspection_endpoint).json()
        peer.expect_equal("active", answer["active"], active)


def imported(world: World) -> None:
    for ask in (basic, post):
        token = ask(world, world.login("imported")).json()["access_token"]
        peer.expect_equal("sub", peer.claims(token)["sub"], world.login("imported")[0])


def early_death(world: World) -> None:
    text = token(world)
    world.kill(text, world.login())
    answer = curl("--oauth2-bearer", text, world.api_url)
    peer.expect_equal("status", answer.status, 401)
    answer = curl("--oauth2-bearer", token(world), world.api_url)
    peer.expect_equal("status of the next token", answer.status, 200)


def other_grant(world: World) -> Answer:
    form = ("username=somebody", "password=something")
    return basic(world, world.login(), *form, grant="grant_type=password")


def revoke_token(world: World) -> None:
    text = token(world)
    sent = ("--user", ":".join(world.login()), "--data-urlencode", f"token={text}")
    peer.expect_equal("status", curl(*sent, world.revocation_endpoint).status, 200)
    world.refused_in_time(text)


def revoke_credential(world: World) -> None:
    text = token(world, "doomed")
    peer.expect_equal("status", curl("--oauth2-bearer", text, world.api_url).status, 200)
    world.revoke_credential()
    world.refused_in_time(text)
    answer = curl("--oauth2-bearer", text, world.api_url)
    peer.expect_equal("status", answer.status, 401)
    peer.expect('error="invalid_token"' in answer.headers, "the challenge has no invalid_token")
    refused(basic(world, world.login("doomed")), 401, "invalid_client")


CASES = {
    "discover-oauth": lambda w: discover(w, "oauth-authorization-server"),
    "discover-openid": lambda w: discover(w, "openid-configuration"),
    "token-basic": by_script,
    "token-post": lambda w: good(w, post(w, w.login())),
    "token-auto": not_supported("one says which way"),
    "token-json": json_body,
    "token-empty-body": empty_body,
    "token-http2": http2,
    "scope-given": lambda w: good(w, basic(w, w.login(), "scope=books:read"), "books:read"),
    "scope-omitted": lambda w: good(w, basic(w, w.login())),
    "audience": lambda w: other_api(w, "audience"),
    "resource": lambda w: other_api(w, "resource"),
    "wrong-secret-basic": lambda w: refused(basic(w, w.wrong_login()), 401, "invalid_client"),
    "wrong-secret-post": lambda w: refused(post(w, w.wrong_login()), 400, "invalid_client"),
    "unknown-scope": lambda w: refused(
        basic(w, w.login(), "scope=books:burn"), 400, "invalid_scope"),
    "unknown-audience": lambda w: refused(
        basic(w, w.login(), "audience=https://no.example.com"), 400, "invalid_target"),
    "paused": lambda w: refused(basic(w, w.login("paused")), 401, "invalid_client"),
    "unsupported-grant": lambda w: refused(other_grant(w), 400, "unsupported_grant_type"),
    "imported-secret": imported,
    "reuse": not_supported("it keeps no token"),
    "renew": not_supported("it keeps no token"),
    "early-death": early_death,
    "call": call,
    "introspect": introspect,
    "revoke-token": revoke_token,
    "revoke-credential": revoke_credential,
}

VERSION = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
peer.run(VERSION.stdout.split()[1], CASES)
