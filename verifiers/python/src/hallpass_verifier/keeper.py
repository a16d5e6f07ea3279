"""Keeps the issuer's keys fresh: fetched ahead of need, again for an unknown `kid` at a bounded
rate. An issuer that is away, or publishes nothing usable, never takes away keys that are known."""

import threading
from collections.abc import Callable
from typing import Any

from . import keyset, strict_json
from .fetch import BadUrl, Fetch, FetchError, checked
from .keyset import Key
from .knowledge import LOG
from .timing import SystemClock, Timing, jittered

_METADATA_MOST_BYTES = 256 * 1024
_JWKS_MOST_BYTES = 1024 * 1024
_BUDGET = 3
_DEFAULT_MAX_AGE_S = 600.0
_RETRY_MOST_WITH_KEYS_S = 60.0


class BadMetadata(Exception):
    """Metadata that are not usable. `absent` if there is nothing of the kind in this place."""

    def __init__(self, why: str, *, absent: bool = False) -> None:
        """Says why."""
        super().__init__(f"metadata: {why}")
        self.absent = absent


class Keeper:
    """The one writer of the keys."""

    def __init__(
        self,
        issuer: str,
        fetch: Fetch,
        timing: Timing,
        clock: SystemClock,
        on_feed: Callable[[str | None], None],
        allow_plain_http: bool = False,
    ) -> None:
        """`on_feed` learns where the revocation feed is."""
        self._issuer, self._fetch, self._timing, self._clock = issuer, fetch, timing, clock
        self._on_feed, self._allow_plain_http = on_feed, allow_plain_http
        self._documents = _documents(checked(issuer, allow_plain_http))
        self._jwks_uri: str | None = None
        self._published: bytes | None = None
        # Replaced as a whole: keys by `kid`, and a number that changes with them.
        self.current: tuple[dict[str, Key], int] = ({}, 0)
        self.last_error: str | None = None
        self.fetches = 0
        self.changed = threading.Condition()
        self._attempts, self.cut_off = 0, False
        self._left, self._refilled_at_s, self._wanted = _BUDGET, clock.monotonic_s(), False

    def want(self) -> int | None:
        """Asks for fresh keys on behalf of an unknown `kid`: the attempt to wait for, or None if
        that was done often enough."""
        with self.changed:
            if not self._wanted:
                now_s, apart_s = self._clock.monotonic_s(), self._timing.unknown_key_apart_s
                while self._left < _BUDGET and now_s - self._refilled_at_s >= apart_s:
                    self._left += 1
                    self._refilled_at_s += apart_s
                if self._left == _BUDGET:
                    self._refilled_at_s = now_s
                if self._left == 0:
                    return None
                self._left -= 1
                self._wanted = True
                self.changed.notify_all()
            return self._attempts + 1

    def wait(self, attempt: int) -> None:
        """Until that attempt has ended, one way or the other, or patience has."""
        with self.changed:
            self.changed.wait_for(
                lambda: self._attempts >= attempt, self._timing.unknown_key_wait_s
            )

    def run(self, stop: threading.Event) -> None:
        """Until it is told to stop."""
        failures, ask_metadata = 0, True
        while not stop.is_set():
            try:
                max_age_s = self._refresh(ask_metadata)
            except (FetchError, BadMetadata, keyset.BadKeys) as error:
                failures += 1
                self._note(str(error))
            except Exception as error:  # noqa: BLE001
                # A keeper that has ended would never find another key.
                failures += 1
                LOG.exception("Fetching the issuer's keys stumbled")
                self._note(repr(error))
            else:
                failures, self.last_error = 0, None
                wait_s = jittered(min(max(max_age_s / 2, 30.0), 3600.0))
            if failures:
                most_s = _RETRY_MOST_WITH_KEYS_S if self.current[0] else 0.0
                wait_s = self._timing.retry(failures, most_s)
            with self.changed:
                self._attempts += 1
                self.cut_off, self._wanted = failures > 0, False
                self.changed.notify_all()
                by_kid = self.changed.wait_for(lambda: self._wanted or stop.is_set(), wait_s)
            # An unknown `kid` is for the keys to answer, and for nobody else to be asked.
            ask_metadata = not by_kid or failures > 0

    def _note(self, why: str) -> None:
        if why != self.last_error:
            LOG.warning("Cannot fetch the issuer's keys: %s", why)
        self.last_error = why

    def _refresh(self, ask_metadata: bool) -> float:
        trouble: BadMetadata | None = None
        if ask_metadata or self._jwks_uri is None:
            try:
                self._ask_metadata()
            except BadMetadata as bad:
                # The keys may still be where they were.
                if self._jwks_uri is None:
                    raise
                trouble = bad
        self.fetches += 1
        assert self._jwks_uri is not None
        document, answer = self._fetch.document(
            self._jwks_uri, self._timing.request_s, _JWKS_MOST_BYTES
        )
        if document != self._published:
            keys = keyset.parse(document)
            LOG.info("Took over the issuer's keys: %s", ", ".join(keys))
            self._published, self.current = document, (keys, self.current[1] + 1)
        if trouble is not None:
            raise trouble
        return _max_age_s(answer.header("cache-control") or "")

    def _ask_metadata(self) -> None:
        try:
            metadata = self._read(self._documents[0])
        except BadMetadata as bad:
            if not bad.absent:
                raise
            try:
                metadata = self._read(self._documents[1])
            except BadMetadata as other:
                raise bad if other.absent else other from None
        self._jwks_uri = metadata["jwks_uri"]
        self._on_feed(metadata.get("revocation_feed_uri"))

    def _read(self, url: str) -> dict[str, Any]:
        try:
            document, _ = self._fetch.document(url, self._timing.request_s, _METADATA_MOST_BYTES)
        except FetchError as error:
            absent = error.status is not None and error.status < 500
            raise BadMetadata(str(error), absent=absent) from None
        try:
            metadata = strict_json.object_of(document)
        except ValueError as error:
            raise BadMetadata(str(error), absent=True) from None
        # RFC 8414 §3.3: the same to the letter.
        if metadata.get("issuer") != self._issuer:
            raise BadMetadata(f"they name the issuer {str(metadata.get('issuer'))[:128]!r}")
        feed = metadata.get("revocation_feed_uri")
        for name in ("jwks_uri", "revocation_feed_uri"):
            uri = metadata.get(name)
            if uri is None and name == "revocation_feed_uri":
                continue
            try:
                checked(uri if isinstance(uri, str) else "", self._allow_plain_http)
            except BadUrl as bad:
                raise BadMetadata(f"{name}: {bad}") from None
        if feed is not None and "?" in feed:
            raise BadMetadata("revocation_feed_uri has a query: the stream is found by appending")
        return metadata


def _documents(issuer: str) -> tuple[str, str]:
    if "?" in issuer:
        raise BadUrl(f"{issuer!r} has a query")
    scheme, _, rest = issuer.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    # RFC 8414 §3.1 puts the well-known part before the path; OpenID Connect Discovery §4
    # appends it, and many issuers have only that.
    return (
        f"{scheme}://{host}/.well-known/oauth-authorization-server{slash}{path}",
        f"{scheme}://{rest}/.well-known/openid-configuration",
    )


def _max_age_s(cache_control: str) -> float:
    for directive in cache_control.split(","):
        name, _, age = directive.strip().partition("=")
        age = age.strip('"')
        if name.lower() == "max-age" and age.isascii() and age.isdigit():
            return float(age)
    return _DEFAULT_MAX_AGE_S
