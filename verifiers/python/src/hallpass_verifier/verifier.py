"""The verifier: what it is made of, and the order in which it checks. A check costs no network
call; whatever fetches runs in threads of its own."""

import os
import ssl
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from . import bearer
from . import token as tokens
from .fetch import Fetch
from .follower import Follower
from .keeper import Keeper
from .keyset import ALGORITHMS
from .knowledge import LOG, Choice, Knowledge
from .rejection import Rejection
from .timing import SystemClock, Timing
from .token import Claims, Policy


@dataclass(frozen=True)
class Caller:
    """Who called: the verified claims of the token."""

    claims: Claims
    realm: str = ""

    @property
    def client_id(self) -> str:
        """The credential."""
        return self.claims.client_id

    @property
    def organization(self) -> str | None:
        """The organization that owns the credential."""
        return self.claims.organization

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do."""
        return self.claims.scopes

    @property
    def token_id(self) -> str:
        """The `jti`, fit for logs."""
        return self.claims.jti

    def has_scope(self, scope: str) -> bool:
        """Whether it may do this."""
        return scope in self.claims.scopes

    def require(self, *scopes: str) -> Self:
        """Itself, if it has all of these scopes. Raises Rejection, which the guards answer."""
        if not all(map(self.has_scope, scopes)):
            needed = " ".join(scopes)
            raise Rejection("insufficient_scope", f"{needed} is required").at(self.realm, scopes)
        return self


class Verifier:
    """Checks access tokens in front of an API. Make one when the program starts."""

    def __init__(
        self,
        issuer: str,
        audience: str | Iterable[str],
        *,
        max_staleness_s: float = 3600,
        when_stale: str = "fail_closed",
        revocations: str = "if_offered",
        leeway_s: int = 30,
        algorithms: Iterable[str] = ALGORITHMS,
        accept_jwt_type: bool = False,
        realm: str | None = None,
        cache_at_most: int = 10_000,
        allow_plain_http: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        timing: Timing | None = None,
        clock: SystemClock | None = None,
    ) -> None:
        """Starts to fetch keys and to follow the feed. An issuer that is away is no error: then
        the answer is 503 until it is back. Raises ValueError for what would be no protection."""
        audiences = (audience,) if isinstance(audience, str) else tuple(audience)
        self.policy = Policy(issuer, audiences, tuple(algorithms), accept_jwt_type, leeway_s)
        self.realm = audiences[0] if realm is None else realm
        self._choice = Choice(revocations, when_stale, max_staleness_s)
        self._timing, self._clock = timing or Timing(), clock or SystemClock()
        self._allow_plain_http, self._ssl_context = allow_plain_http, ssl_context
        self._cache_at_most = cache_at_most
        self._begin()
        _started(self)

    def _begin(self) -> None:
        clock, timing = self._clock, self._timing
        self._knowledge = Knowledge(self._choice, clock)
        self._fetch = Fetch(self._ssl_context)
        self._keeper = Keeper(
            self.policy.issuer, self._fetch, timing, clock,
            self._knowledge.offered, self._allow_plain_http,
        )
        self._follower = Follower(self._knowledge, self._fetch, timing)
        self._cache: OrderedDict[str, tuple[int, Claims]] = OrderedDict()
        self._cache_lock = threading.Lock()
        self._counted: dict[str, int] = {"ok": 0}
        self._stop = threading.Event()
        runs = [("keys", self._keeper.run)]
        if self._choice.revocations != "off":
            runs.append(("feed", self._follower.run))
        self._threads = [
            threading.Thread(
                target=run, args=(self._stop,), name=f"hallpass-{name}", daemon=True
            )
            for name, run in runs
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads. What is known goes on serving, and grows stale."""
        self._stop.set()
        with self._keeper.changed:
            self._keeper.changed.notify_all()
        with self._knowledge.changed:
            self._knowledge.changed.notify_all()
        self._fetch.abort()
        for thread in self._threads:
            thread.join(5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, authorization: str | None, *scopes: str) -> Caller:
        """Checks the value of an `Authorization` header, and that the token has these scopes. For
        an unknown `kid` it waits a moment for fresh keys. Raises Rejection."""
        try:
            return self._checked(authorization, scopes)
        except Rejection as rejection:
            attempt = self._keeper.want() if rejection.reason == "unknown_key" else None
            if attempt is None:
                raise self._refused(rejection, scopes) from None
        self._keeper.wait(attempt)
        return self._counted_check(authorization, scopes)

    async def check_async(self, authorization: str | None, *scopes: str) -> Caller:
        """As `check`, on an event loop of asyncio."""
        try:
            return self._checked(authorization, scopes)
        except Rejection as rejection:
            attempt = self._keeper.want() if rejection.reason == "unknown_key" else None
            if attempt is None:
                raise self._refused(rejection, scopes) from None
        import asyncio

        await asyncio.get_running_loop().run_in_executor(None, self._keeper.wait, attempt)
        return self._counted_check(authorization, scopes)

    def wait_ready(self, within_s: float) -> bool:
        """Whether tokens can be verified by then."""
        until_s = time.monotonic() + within_s
        with self._keeper.changed:
            known = self._keeper.changed.wait_for(lambda: bool(self._keeper.current[0]), within_s)
        with self._knowledge.changed:
            left_s = max(0.0, until_s - time.monotonic())
            return self._knowledge.changed.wait_for(lambda: self._knowledge.ready, left_s) and known

    def wait_applied(self, seq: int, within_s: float) -> bool:
        """Whether this entry of the feed is applied by then."""
        with self._knowledge.changed:
            return self._knowledge.changed.wait_for(
                lambda: (self._knowledge.applied or 0) >= seq, within_s
            )

    def status(self) -> dict[str, Any]:
        """How it is doing, for a health page or for metrics."""
        knowledge, follower, keeper = self._knowledge, self._follower, self._keeper
        followed = knowledge.uri is not None and self._choice.revocations != "off"
        return {
            "ready": bool(keeper.current[0]) and knowledge.ready,
            "issuer": self.policy.issuer,
            "keys": list(keeper.current[0]),
            "key_fetches": keeper.fetches,
            "last_key_error": keeper.last_error,
            "feed": {
                "offered": knowledge.uri is not None if knowledge.asked else None,
                "seq": knowledge.applied,
                "as_of_s": knowledge.as_of_s or None,
                "staleness_s": knowledge.staleness_s if followed else None,
                "blind": followed and knowledge.blind,
                "stale": followed and knowledge.stale,
                "entries": len(knowledge),
                "not_understood": knowledge.not_understood,
                "snapshots": follower.snapshots,
                "streams": follower.streams,
                "gaps": follower.gaps,
                "unreadable": follower.unreadable,
            },
            "last_feed_error": follower.last_error,
            "accepted": self._counted["ok"],
            "refused": {name: n for name, n in self._counted.items() if name != "ok"},
            "cached_tokens": len(self._cache),
        }

    def _counted_check(self, authorization: str | None, scopes: tuple[str, ...]) -> Caller:
        try:
            return self._checked(authorization, scopes)
        except Rejection as rejection:
            raise self._refused(rejection, scopes) from None

    def _checked(self, authorization: str | None, scopes: tuple[str, ...]) -> Caller:
        caller = self._alive(bearer.parse(authorization)).require(*scopes)
        self._counted["ok"] += 1
        return caller

    def _alive(self, token: str) -> Caller:
        now_s = self._clock.unix_s()
        keys, epoch = self._keeper.current
        cached = self._cache.get(token)
        if cached is not None and cached[0] == epoch:
            claims = cached[1]
            tokens.check_claims(claims, self.policy, now_s)
        else:
            try:
                claims = tokens.verify(token, keys, self.policy, now_s)
            except Rejection as rejection:
                if not keys and rejection.reason == "unknown_key":
                    why = "the issuer's keys are not known yet"
                    raise Rejection("unavailable", why) from None
                raise
            self._keep(token, epoch, claims)
        # Never cached: this is asked on every use.
        self._knowledge.judge(claims, now_s)
        return Caller(claims, self.realm)

    def _keep(self, token: str, epoch: int, claims: Claims) -> None:
        with self._cache_lock:
            self._cache[token] = (epoch, claims)
            while len(self._cache) > self._cache_at_most:
                self._cache.popitem(last=False)

    def _refused(self, rejection: Rejection, scopes: tuple[str, ...]) -> Rejection:
        if rejection.reason == "unknown_key" and self._keeper.cut_off:
            # The key may be a new one, and it is our trouble that we cannot ask.
            why = "the kid is unknown, and the issuer cannot be asked"
            rejection = Rejection("unavailable", why)
        self._counted[rejection.reason] = self._counted.get(rejection.reason, 0) + 1
        if rejection.reason not in ("no_token", "other_scheme"):
            LOG.info("Refused a token: %s", rejection)
        return rejection.at(self.realm, scopes)


_ALL: "weakref.WeakSet[Verifier]" = weakref.WeakSet()


def _started(verifier: Verifier) -> None:
    """Threads do not survive a fork: servers that fork their workers get new ones there."""
    _ALL.add(verifier)


def _begin_again() -> None:
    for verifier in list(_ALL):
        if not verifier._stop.is_set():
            verifier._fetch.forget()
            verifier._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)
