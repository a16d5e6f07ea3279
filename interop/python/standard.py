"""The cases of a client library, made of what the library does: how it fetches a token, what its
errors are, and, if it keeps tokens, its session. It must never fetch a token by itself where the
library is to be tested."""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import time_machine

import peer
from peer import Case, World, not_supported

Login = tuple[str, str]

BASIC = "basic"
POST = "post"
IN_WORDS = {BASIC: "Basic", POST: "in the body"}


class Fetch(Protocol):
    """Fetches a token by the library: `asked` has `scope` and whatever else is sent. What the
    library tells of the answer, at least `access_token`."""

    def __call__(
        self, endpoint: str, login: Login, method: str, **asked: str
    ) -> Mapping[str, Any]: ...


class Session(Protocol):
    """What keeps a token, and sends it."""

    def get(self, url: str) -> tuple[int, str]:
        """The answer's status, and the token that was sent."""


@dataclass(frozen=True)
class Library:
    """What a library can do. `code` finds the error code in its own error."""

    fetch: Fetch
    error: type[Exception] | tuple[type[Exception], ...]
    code: Callable[[Any], object] = lambda error: error.error
    methods: Sequence[str] = (BASIC, POST)
    # A session of its own for (world, login); most libraries that have one also renew by it.
    session: Callable[[World, Login], Session] | None = None
    # Cases beyond these, or instead of them; a text is why there is none.
    more: Mapping[str, Case | str] = field(default_factory=dict)


# Why most libraries have no such case.
REASONS = {
    "discover-oauth": "it reads no metadata",
    "discover-openid": "it reads no metadata",
    "token-auto": "one says which way",
    "token-json": "it only sends forms",
    "token-empty-body": "it always sends grant_type",
    "token-http2": "its HTTP library speaks HTTP/1.1 only",
    "reuse": "it keeps no token",
    "renew": "it keeps no token",
    "unsupported-grant": "it names no grant but its own",
    "introspect": "it has no helper for introspection",
    "revoke-token": "it has no helper for revocation",
}


def table(library: Library) -> dict[str, Case]:
    """All cases of the library."""
    cases = {case: not_supported(why) for case, why in REASONS.items()}
    cases |= Cases(library).table()
    for case, more in library.more.items():
        cases[case] = not_supported(more) if isinstance(more, str) else more
    return cases


def later(hours: float = 25) -> contextlib.AbstractContextManager[object]:
    """Moves this process's clock, so that its tokens have expired."""
    now = datetime.datetime.now(datetime.UTC)
    return time_machine.travel(now + datetime.timedelta(hours=hours), tick=True)


class Cases:
    """The cases over one library."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def fetch(
        self, world: World, login: Login, method: str | None = None, **asked: str
    ) -> Mapping[str, Any]:
        way = method or self.library.methods[0]
        return self.library.fetch(world.token_endpoint, login, way, **asked)

    def token(self, method: str | None = None, scope: str | None = None) -> Case:
        if method and method not in self.library.methods:
            other = IN_WORDS[self.library.methods[0]]
            return not_supported(f"it sends the secret {'by ' * (other == 'Basic')}{other} only")
        asked = {"scope": scope} if scope else {}

        def case(world: World) -> None:
            answer = self.fetch(world, world.login(), method, **asked)
            claims = peer.claims(answer["access_token"])
            # What a library does not tell, the token does.
            told = {
                "token_type": "Bearer",
                "expires_in": claims["exp"] - claims["iat"],
                "scope": claims["scope"],
            }
            peer.expect_token(world, told | dict(answer), scope)

        return case

    def other_api(self, parameter: str) -> Case:
        def case(world: World) -> None:
            asked = {parameter: world.other_audience}
            answer = self.fetch(world, world.login("several"), **asked)
            peer.expect_audience(answer["access_token"], world.other_audience)

        return case

    def refused(
        self, code: str, login: str = "plain", method: str | None = None, **asked: str
    ) -> Case:
        if method and method not in self.library.methods:
            return self.token(method)

        def case(world: World) -> None:
            chosen = world.wrong_login() if login == "wrong" else world.login(login)
            try:
                self.fetch(world, chosen, method, **asked)
            except self.library.error as error:
                peer.expect_equal("error", self.library.code(error), code)
                return
            raise AssertionError(f"no error, although {code} is due")

        return case

    def imported(self, world: World) -> None:
        for method in self.library.methods:
            answer = self.fetch(world, world.login("imported"), method)
            subject = peer.claims(answer["access_token"])["sub"]
            peer.expect_equal(f"sub ({method})", subject, world.login("imported")[0])

    @contextlib.contextmanager
    def calling(self, world: World, name: str) -> Iterator[tuple[Callable[[], int], str]]:
        """How the library calls the API, and the token that it then sends."""
        if self.library.session is None:
            token = self.fetch(world, world.login(name))["access_token"]
            yield (lambda: peer.api_status(world, token)), token
            return
        session = self.library.session(world, world.login(name))
        status, token = session.get(world.api_url)
        peer.expect_equal("status", status, 200)
        yield (lambda: session.get(world.api_url)[0]), token

    def call(self, world: World) -> None:
        with self.calling(world, "plain") as (call, _):
            peer.expect_equal("status", call(), 200)
        peer.expect_equal("status without token", peer.api_status(world, None), 401)

    def early_death(self, world: World) -> None:
        with self.calling(world, "plain") as (call, token):
            peer.expect_equal("status", call(), 200)
            world.kill(token, world.login())
            # Some fetch another at once and try again, most leave that to their user.
            peer.expect(call() in (200, 401), "the API answers neither 200 nor 401")
        another = self.fetch(world, world.login())["access_token"]
        peer.expect(another != token, "the library gave the dead token again")
        peer.expect_equal("status of the next token", peer.api_status(world, another), 200)

    def revoke_credential(self, world: World) -> None:
        with self.calling(world, "doomed") as (call, token):
            peer.expect_equal("status", call(), 200)
            world.revoke_credential()
            world.refused_in_time(token)
        self.refused("invalid_client", "doomed")(world)

    def reuse(self, world: World) -> None:
        session = self.library.session(world, world.login())
        sent = [session.get(world.api_url) for _ in "12"]
        peer.expect_equal("the second call's status and token", sent[1], sent[0])

    def renew(self, world: World) -> None:
        session = self.library.session(world, world.login())
        _, first = session.get(world.api_url)
        with later():
            status, second = session.get(world.api_url)
        peer.expect_equal("status", status, 200)
        peer.expect(second != first, "an expired token was sent")

    def table(self) -> dict[str, Case]:
        keeping = {"reuse": self.reuse, "renew": self.renew} if self.library.session else {}
        return {
            "token-basic": self.token(BASIC),
            "token-post": self.token(POST),
            "scope-given": self.token(scope="books:read"),
            "scope-omitted": self.token(),
            "audience": self.other_api("audience"),
            "resource": self.other_api("resource"),
            "imported-secret": self.imported,
            "wrong-secret-basic": self.refused("invalid_client", "wrong", BASIC),
            "wrong-secret-post": self.refused("invalid_client", "wrong", POST),
            "unknown-scope": self.refused("invalid_scope", scope="books:burn"),
            "unknown-audience": self.refused("invalid_target", audience="https://no.example.com"),
            "paused": self.refused("invalid_client", "paused"),
            "call": self.call,
            "early-death": self.early_death,
            "revoke-credential": self.revoke_credential,
            **keeping,
        }
