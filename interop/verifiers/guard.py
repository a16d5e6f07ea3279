"""What holds when a verifier of ours, in whatever language, guards an API: its own tests pass, and
the examples of its README do what they say, as processes beside a Hallpass that is changed,
stopped and started under them. Callers are plain HTTP."""

import contextlib
import http.client
import json
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peer
from harness.command import loopback_env, run
from harness.installation import BOOKS, LOANS, Installation
from harness.service import Service, free_port
from peer import Case, World

ROOT = Path(__file__).resolve().parents[2]
UNIT_WITHIN_S = 150.0
COMMAND_WITHIN_S = 20.0
DIES_WITHIN_S = 1.0
# Heartbeats come every 2 s, and a verifier refuses to be more impatient than 5 s.
MAX_STALENESS_S = 6
SETTLES_WITHIN_S = 20.0
READ, WRITE = BOOKS.scopes


@dataclass(frozen=True)
class Program:
    """How a program is started; `PORT` in its words is replaced."""

    words: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """A verifier, as this suite needs it."""

    version: str
    unit: Program
    # The examples of the README by framework: they are told the issuer by `ISSUER`.
    examples: Mapping[str, Program]
    # Guards `/v1/books` for `books:read`, with `MAX_STALENESS_S` and `WHEN_STALE`; its status is
    # at `/status`, for everybody.
    patient: Program


@dataclass(frozen=True)
class Answer:
    """What the caller gets."""

    status: int
    headers: Mapping[str, str]
    body: str

    def refused(self, status: int, error: str, *params: str) -> None:
        """Fails the case unless it is this refusal (RFC 6750 §3)."""
        peer.expect_equal("status", self.status, status)
        peer.expect_equal("Content-Type", self.headers["content-type"].split(";")[0],
                          "application/json")
        peer.expect_equal("Cache-Control", self.headers["cache-control"], "no-store")
        peer.expect_equal("error", json.loads(self.body)["error"], error)
        if status == 503:
            peer.expect_equal("Retry-After", self.headers["retry-after"], "5")
            peer.expect("www-authenticate" not in self.headers, "a challenge came with the 503")
            return
        challenge = self.headers["www-authenticate"]
        wanted = ", ".join([f'Bearer realm="{BOOKS.audience}"', *params])
        # A guard that was told the scopes of its route names them at every chance.
        scoped = f'{wanted}, scope="{READ}"'
        peer.expect_equal("WWW-Authenticate", challenge, scoped if READ in challenge else wanted)


class Door:
    """A guarded API that runs."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port

    def call(self, *authorization: str, path: str = "/v1/books") -> Answer:
        """Asks it, with these headers of the name `Authorization`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest("GET", path)
            for value in authorization:
                connection.putheader("Authorization", value)
            connection.endheaders()
            got = connection.getresponse()
            headers = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, headers, got.read().decode())
        finally:
            connection.close()

    def bearer(self, token: str) -> Answer:
        """Asks it with a token."""
        return self.call(f"Bearer {token}")

    def status(self) -> dict[str, Any]:
        """How its verifier is doing."""
        return dict(json.loads(self.call(path="/status").body))


class Guarded:
    """The library's programs beside an issuer of their own."""

    def __init__(self, library: Library, world: World, folder: Path) -> None:
        self.library = library
        self.folder = folder
        self.installation = Installation(Path(world.values["hallpass"]), folder)

    @contextlib.contextmanager
    def opened(self, name: str, program: Program, **env: str) -> Iterator[Door]:
        """Runs one of its programs."""
        port = free_port()
        told = {"ISSUER": self.installation.issuer, "PORT": str(port), **program.env, **env}
        words = [str(word).replace("PORT", str(port)) for word in program.words]
        log = self.folder / f"{port}.log"
        # A service runs where its log is; these look beside themselves for what they need.
        words = ["env", "-C", str(program.cwd), *words]
        ready = f"http://127.0.0.1:{port}/status"
        with Service(words, ready=ready, log=log, env=loopback_env(told)):
            yield Door(name, port)

    @contextlib.contextmanager
    def doors(self) -> Iterator[list[Door]]:
        """All of its examples, ready for tokens."""
        with contextlib.ExitStack() as stack:
            opened = [
                stack.enter_context(self.opened(name, program))
                for name, program in self.library.examples.items()
            ]
            token = self.installation.token(self.installation.witness, BOOKS.audience)
            for door in opened:
                until(lambda door=door: door.bearer(token).status == 200, f"{door.name} is ready")
            yield opened

    def command(self, *words: str) -> None:
        """Runs `hallpass` beside the server, to its end."""
        installation = self.installation
        run([installation.binary, *words], cwd=self.folder, timeout_s=COMMAND_WITHIN_S,
            env=loopback_env(installation.settings))

    def token(self, login: Mapping[str, str], scope: str) -> str:
        """A token with one scope."""
        form = {"grant_type": "client_credentials", "scope": scope, **login}
        form["audience"] = BOOKS.audience
        body = urllib.parse.urlencode(form).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.installation.issuer}/oauth/token", body, timeout=5) as answer:
            return str(json.load(answer)["access_token"])


def until(holds: Callable[[], bool], what: str, within_s: float = SETTLES_WITHIN_S) -> float:
    """Waits for a condition, and says how long that took."""
    since = time.monotonic()
    while not holds():
        took_s = time.monotonic() - since
        peer.expect(took_s < within_s, f"not after {took_s:.1f} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - since


def cases(library: Library) -> dict[str, Case]:
    """The table, for a library."""

    def unit(_: World) -> None:
        program = library.unit
        run(program.words, cwd=program.cwd, timeout_s=UNIT_WITHIN_S, env=loopback_env(program.env))

    def at_the_examples(case: Callable[[Guarded, Door], None]) -> Case:
        def at_each(world: World) -> None:
            guarded = library_at(world)
            with guarded.installation.serve(), guarded.doors() as doors:
                for door in doors:
                    try:
                        case(guarded, door)
                    except AssertionError as error:
                        raise AssertionError(f"{door.name}: {error}") from None

        return at_each

    made: list[Guarded] = []
    folder = tempfile.TemporaryDirectory(prefix="hallpass-guard-")

    def library_at(world: World) -> Guarded:
        if not made:
            made.append(Guarded(library, world, Path(folder.name)))
        return made[0]

    return {
        "guard-unit": unit,
        "guard-passes": at_the_examples(_passes),
        "guard-refusals": at_the_examples(_refusals),
        "guard-death": at_the_examples(_death),
        "guard-rotation": at_the_examples(_rotation),
        "guard-blind": lambda world: _blind(library_at(world)),
        "guard-late": lambda world: _late(library_at(world)),
    }


def _passes(guarded: Guarded, door: Door) -> None:
    token = guarded.installation.token(guarded.installation.witness, BOOKS.audience)
    for scheme in ("Bearer", "bearer"):
        answer = door.call(f"{scheme} {token}")
        peer.expect_equal("status", answer.status, 200)
        organization = peer.claims(token)["org"]
        peer.expect_equal("body", answer.body, f"books of {organization}\n")


def _refusals(guarded: Guarded, door: Door) -> None:
    def told(error: str, description: str) -> tuple[str, str]:
        return f'error="{error}"', f'error_description="{description}"'

    witness = guarded.installation.witness
    token = guarded.installation.token(witness, BOOKS.audience)
    door.call().refused(401, "missing_token")
    door.call("Basic YTpi").refused(401, "missing_token")
    malformed = told("invalid_request", "The Authorization header is malformed")
    door.call("Bearer a b").refused(400, "invalid_request", *malformed)
    door.call(f"Bearer {token}", f"Bearer {token}").refused(400, "invalid_request", *malformed)
    malformed = told("invalid_token", "The access token is malformed")
    door.bearer("nonsense").refused(401, "invalid_token", *malformed)
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    peer.expect_equal("status of a forged token", door.bearer(forged).status, 401)
    other = guarded.installation.token(witness, LOANS.audience)
    wrong = told("invalid_token", "The access token is for another API")
    door.bearer(other).refused(401, "invalid_token", *wrong)
    lacks = told("insufficient_scope", "The access token lacks a required scope")
    answer = door.bearer(guarded.token(witness, WRITE))
    answer.refused(403, "insufficient_scope", *lacks)
    peer.expect(READ in answer.headers["www-authenticate"], "the scope is not named")


def _death(guarded: Guarded, door: Door) -> None:
    installation = guarded.installation
    doomed = installation.add_credential(f"doomed at {door.name}", (BOOKS,))
    installation.settle()
    token = installation.token(doomed, BOOKS.audience)
    peer.expect_equal("status before", door.bearer(token).status, 200)
    guarded.command("credential", "revoke", doomed["client_id"])
    # The command has returned: from here on the clock runs.
    took_s = until(lambda: door.bearer(token).status == 401, "the revoked token is refused")
    peer.expect(took_s < DIES_WITHIN_S, f"refused only after {took_s:.2f} s")
    description = json.loads(door.bearer(token).body)["error_description"]
    peer.expect_equal("description", description, "The access token has been revoked")


def _rotation(guarded: Guarded, door: Door) -> None:
    installation = guarded.installation
    before = installation.token(installation.witness, BOOKS.audience)
    kid = peer.json_part(before.split(".")[0])["kid"]
    peer.expect_equal("status before", door.bearer(before).status, 200)
    # Far less lead than any key cache lives: the unknown `kid` must be looked up.
    installation.rotate_keys(1)
    after = before

    def signs() -> bool:
        nonlocal after
        after = installation.token(installation.witness, BOOKS.audience)
        return bool(peer.json_part(after.split(".")[0])["kid"] != kid)

    until(signs, "the new key signs")
    peer.expect_equal("status of the new key's token", door.bearer(after).status, 200)
    peer.expect_equal("status of the old key's token", door.bearer(before).status, 200)
    guarded.command("key", "kill", kid, "--yes")
    took_s = until(lambda: door.bearer(before).status == 401, "the killed key's token is refused")
    peer.expect(took_s < DIES_WITHIN_S, f"refused only after {took_s:.2f} s")
    peer.expect_equal("status of the new key's token", door.bearer(after).status, 200)


def _blind(guarded: Guarded) -> None:
    installation, patient = guarded.installation, guarded.library.patient
    env = {"MAX_STALENESS_S": str(MAX_STALENESS_S)}
    with contextlib.ExitStack() as stack:
        with installation.serve():
            doors = [
                stack.enter_context(guarded.opened(policy, patient, **env, WHEN_STALE=policy))
                for policy in ("fail_closed", "fail_open")
            ]
            doomed = installation.add_credential("dead before the outage", (BOOKS,))
            installation.settle()
            good = installation.token(installation.witness, BOOKS.audience)
            dead = installation.token(doomed, BOOKS.audience)
            for door in doors:
                until(lambda door=door: door.bearer(good).status == 200, "it passes")
            guarded.command("credential", "revoke", doomed["client_id"])
            for door in doors:
                until(lambda door=door: door.bearer(dead).status == 401, "the dead is refused")
        # The node is away.
        for door in doors:
            until(lambda door=door: door.status()["feed"]["blind"], "it says that it is blind")
        closed, opened = doors
        until(lambda: closed.bearer(good).status == 503, "it refuses once it is stale")
        closed.bearer(good).refused(503, "temporarily_unavailable")
        until(lambda: opened.status()["feed"]["stale"], "the other one is stale too")
        peer.expect_equal("status with fail_open", opened.bearer(good).status, 200)
        for door in doors:
            peer.expect_equal("status of the dead", door.bearer(dead).status, 401)
        with installation.serve():
            for door in doors:
                until(lambda door=door: not door.status()["feed"]["blind"], "it sees again")
                peer.expect_equal("status at last", door.bearer(good).status, 200)
                peer.expect_equal("status of the dead", door.bearer(dead).status, 401)


def _late(guarded: Guarded) -> None:
    installation = guarded.installation
    with installation.serve():
        token = installation.token(installation.witness, BOOKS.audience)
    with guarded.opened("early", guarded.library.patient) as door:
        door.bearer(token).refused(503, "temporarily_unavailable")
        with installation.serve():
            until(lambda: door.bearer(token).status == 200, "it passes once the issuer is there")
