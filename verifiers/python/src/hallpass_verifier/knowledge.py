"""What the reader of the feed knows, and how fresh that is (docs/feed.md, "The reader" and
"Freshness"). It does no I/O: events and snapshots come in, verdicts go out."""

import logging
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Any

from . import strict_json
from .rejection import Rejection
from .revocation import Dead, NotUnderstood
from .sse import Event
from .timing import SystemClock
from .token import Claims

LOG = logging.getLogger("hallpass_verifier")
BLIND_S = 5
_AHEAD_MOST_S = 300
_SET_BACK_AFTER_S = 10
REVOCATIONS = ("if_offered", "required", "off")
WHEN_STALE = ("fail_closed", "fail_open")


class BadSnapshot(Exception):
    """Not a snapshot, or one that must not be taken over."""


class Step(Enum):
    """What the reader does next."""

    NOTHING = "go on: the event brought nothing new"
    ALIVE = "go on: the node is alive, but nothing became known"
    NEWS = "go on: something became known"
    GAP = "join the stream again"
    START_OVER = "fetch the snapshot"


@dataclass(frozen=True)
class Choice:
    """What the operator has chosen."""

    revocations: str = "if_offered"
    when_stale: str = "fail_closed"
    max_staleness_s: float = 3600

    def __post_init__(self) -> None:
        """Refuses what cannot work."""
        if self.revocations not in REVOCATIONS:
            raise ValueError(f"revocations: expected one of {', '.join(REVOCATIONS)}")
        if self.when_stale not in WHEN_STALE:
            raise ValueError(f"when_stale: expected one of {', '.join(WHEN_STALE)}")
        if not self.max_staleness_s >= BLIND_S:
            raise ValueError("max_staleness_s: at least 5, since heartbeats come every 2 s")


class Knowledge:
    """The state of the reader. Written by one thread, read by all."""

    def __init__(self, choice: Choice, clock: SystemClock) -> None:
        """Knows nothing yet."""
        self.choice = choice
        self._clock = clock
        self._dead = Dead()
        self.uri: str | None = None
        self.asked = False
        self.applied: int | None = None
        self.as_of_s = 0
        self.not_understood = 0
        self._moved_at_s = 0.0
        self._applied_at_s = 0.0
        self._greeted = False
        # The latest `as_of` of this connection, whether it was believed or not.
        self._newest_s = 0
        self.changed = threading.Condition()

    def offered(self, uri: str | None) -> None:
        """What the metadata say. A feed that was known is not given up."""
        if uri is None and self.uri is not None:
            LOG.warning("The issuer's metadata no longer name its revocation feed: kept")
            return
        if uri is None and not self.asked and self.choice.revocations != "off":
            LOG.warning("The issuer offers no revocation feed: tokens live until they expire")
        with self.changed:
            self.uri, self.asked = uri, True
            self.changed.notify_all()

    def judge(self, claims: Claims, now_s: float) -> None:
        """Raises Rejection if the token is dead, or if that is not known freshly enough."""
        if self.choice.revocations == "off":
            return
        if self.uri is None:
            if self.choice.revocations == "required":
                raise Rejection("unavailable", "the issuer offers no revocation feed")
            return
        if (death := self._dead.verdict(claims, now_s)) is not None:
            raise Rejection("revoked", death)
        if self.choice.when_stale == "fail_closed" and self.stale:
            raise Rejection("unavailable", "revocations are not known freshly enough")

    @property
    def staleness_s(self) -> float | None:
        """The larger of two ages, since clocks may be wrong. None before the first snapshot."""
        if not self.as_of_s:
            return None
        unmoved_s = self._clock.monotonic_s() - self._moved_at_s
        return max(self._clock.unix_s() - self.as_of_s, unmoved_s)

    @property
    def blind(self) -> bool:
        """Whether a death could have been missed."""
        age_s = self.staleness_s
        return age_s is None or age_s >= BLIND_S or self.not_understood > 0

    @property
    def stale(self) -> bool:
        """Whether that has lasted for longer than was chosen."""
        age_s = self.staleness_s
        return age_s is None or age_s > self.choice.max_staleness_s

    @property
    def ready(self) -> bool:
        """Whether tokens can be judged."""
        if self.choice.revocations == "off":
            return True
        if self.uri is None:
            return self.asked and self.choice.revocations == "if_offered"
        return self.choice.when_stale == "fail_open" or not self.stale

    def __len__(self) -> int:
        return len(self._dead)

    def prune(self) -> None:
        """Forgets what kills nothing any more."""
        self._dead.prune(self._clock.unix_s())

    def connected(self) -> None:
        """A stream begins; its first heartbeat may be ahead of what was missed."""
        self._greeted, self._newest_s = False, 0

    def read(self, event: Event) -> Step:
        """Takes over an event of the stream."""
        applied = -1 if self.applied is None else self.applied
        if event.name == "reset":
            return Step.START_OVER
        if event.name == "revocation":
            if event.seq <= applied:
                return Step.NOTHING
            if event.seq > applied + 1:
                return Step.GAP
            self._apply(event)
            return Step.NEWS
        greeted, self._greeted = self._greeted, True
        if event.seq < applied:
            return Step.START_OVER
        if event.seq > applied:
            return Step.GAP if greeted else Step.NOTHING
        as_of_s = event.members["as_of"]
        later, self._newest_s = as_of_s > self._newest_s, max(as_of_s, self._newest_s)
        if self.fresh(as_of_s):
            return Step.NEWS
        return Step.ALIVE if later else Step.NOTHING

    def _apply(self, event: Event) -> None:
        try:
            self._dead.apply(event.members)
        except NotUnderstood as bad:
            LOG.error("Entry %d of the feed cannot be read by this version: %s", event.seq, bad)
            self.not_understood += 1
        self._applied_at_s = self._clock.unix_s()
        with self.changed:
            self.applied = event.seq
            self.changed.notify_all()

    def fresh(self, as_of_s: int) -> bool:
        """Nothing is missing up to this time. Whether that is news."""
        return self.not_understood == 0 and self._move(as_of_s)

    def adopt(self, document: bytes, confirmed_s: int | None) -> None:
        """Takes over a snapshot; `confirmed_s` is its `hallpass-as-of`. Raises BadSnapshot."""
        seq, as_of_s, entries = _snapshot(document)
        as_of_s = as_of_s if confirmed_s is None else confirmed_s
        if self.applied is not None and seq < self.applied:
            known_until_s = max(self._applied_at_s, self.as_of_s)
            if as_of_s <= known_until_s + _SET_BACK_AFTER_S or self._is_ahead(as_of_s):
                raise BadSnapshot(f"of {seq}, older than the {self.applied} that is applied")
            LOG.warning("The issuer's feed was set back from %d to %d", self.applied, seq)
        dead, bad = Dead(), 0
        for entry in entries:
            try:
                dead.apply(entry)
            except NotUnderstood as why:
                bad += 1
                LOG.error("The feed has an entry that this version cannot read: %s", why)
        self._dead, self.not_understood = dead, bad
        self._applied_at_s = self._clock.unix_s()
        if bad == 0 or not self.as_of_s:
            self._move(as_of_s)
        with self.changed:
            self.applied = seq
            self.changed.notify_all()

    def _move(self, as_of_s: int) -> bool:
        if self._is_ahead(as_of_s):
            LOG.warning("The feed is from the future, as of %d: not believed", as_of_s)
            return False
        if as_of_s <= self.as_of_s:
            return False
        with self.changed:
            self._moved_at_s = self._clock.monotonic_s()
            self.as_of_s = as_of_s
            self.changed.notify_all()
        return True

    def _is_ahead(self, as_of_s: int) -> bool:
        return as_of_s > self._clock.unix_s() + _AHEAD_MOST_S


def _snapshot(document: bytes) -> tuple[int, int, list[Any]]:
    try:
        read = strict_json.object_of(document)
    except ValueError as error:
        raise BadSnapshot(f"not a revocation snapshot: {error}") from None
    seq, as_of, entries = read.get("seq"), read.get("as_of"), read.get("entries")
    if not (strict_json.is_int(seq) and strict_json.is_int(as_of) and isinstance(entries, list)):
        raise BadSnapshot("not a revocation snapshot")
    assert isinstance(seq, int) and isinstance(as_of, int)
    return seq, as_of, entries
