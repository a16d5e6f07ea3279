"""Follows the feed: joins the stream, and fetches the snapshot when the stream cannot go on. What
an event means is decided in `knowledge`."""

import threading
import time

from .fetch import Fetch, FetchError
from .knowledge import LOG, BadSnapshot, Knowledge, Step
from .sse import SseReader, Unreadable
from .timing import Timing

_SNAPSHOT_MOST_BYTES = 128 * 1024 * 1024
# After so many attempts that brought nothing new the snapshot is fetched as well: a proxy may be
# holding the stream back.
_FRUITLESS = 2
# A stream that has lived for so long was a good one.
_STEADY_S = 1.0
# A whole snapshot is asked for again this often, while an entry is not understood.
_NOT_UNDERSTOOD_AGAIN_S = 60.0
_PRUNE_EVERY_S = 300.0


class Follower:
    """The one writer of a `Knowledge`."""

    def __init__(self, knowledge: Knowledge, fetch: Fetch, timing: Timing) -> None:
        """Does nothing before `run`."""
        self.knowledge = knowledge
        self._fetch = fetch
        self._timing = timing
        self.tried = threading.Event()
        self.last_error: str | None = None
        self.snapshots = self.streams = self.gaps = self.unreadable = 0
        self._etag: tuple[str, int] | None = None
        self._snapshot_due = True
        self._failures = self._fruitless = 0
        self._gap_after: int | None = None
        self._progress = False
        self._pruned_at_s = time.monotonic()
        self._whole_at_s = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until it is told to stop."""
        while not stop.is_set():
            with self.knowledge.changed:
                if self.knowledge.uri is None:
                    self.knowledge.changed.wait(1.0)
                    continue
                uri = self.knowledge.uri
            self._turn(uri, stop)
            self.tried.set()
            if time.monotonic() - self._pruned_at_s > _PRUNE_EVERY_S:
                self.knowledge.prune()
                self._pruned_at_s = time.monotonic()
            stop.wait(self._timing.retry(self._failures))

    def _turn(self, uri: str, stop: threading.Event) -> None:
        self._progress, began_s = False, None
        step: Step | None = None
        try:
            self._snapshot(uri)
            began_s = time.monotonic()
            step = self._stream(uri, stop)
        except (FetchError, BadSnapshot, Unreadable) as error:
            if isinstance(error, Unreadable):
                self.unreadable += 1
            self._note(str(error))
        except Exception as error:  # noqa: BLE001
            # Whatever it is, a reader that has ended would be blind for ever.
            LOG.exception("The revocation feed's reader stumbled")
            self._note(repr(error))
        steady = began_s is not None and time.monotonic() - began_s >= _STEADY_S
        self._failures = 1 if steady else self._failures + 1
        self._fruitless = 0 if self._progress else self._fruitless + 1
        if step is Step.GAP:
            self.gaps += 1
            again, self._gap_after = (
                self._gap_after == self.knowledge.applied, self.knowledge.applied
            )
            self._snapshot_due |= again or not self._progress
        elif step is Step.START_OVER:
            self._snapshot_due = True
        else:
            self._snapshot_due |= self._fruitless >= _FRUITLESS

    def _note(self, why: str) -> None:
        if why != self.last_error:
            LOG.warning("The revocation feed is interrupted: %s", why)
        self.last_error = why

    def _snapshot(self, uri: str) -> None:
        knowledge = self.knowledge
        if knowledge.applied is not None and not self._snapshot_due:
            return
        etag = None
        if self._etag is not None and self._etag[1] == knowledge.applied:
            etag = self._etag[0]
        timing = self._timing
        with self._fetch.get(uri, timing.request_s, accept="application/json", etag=etag) as got:
            confirmed_s = _number(got.header("hallpass-as-of"))
            if got.status == 304 and etag is not None and confirmed_s is not None:
                self._progress |= knowledge.fresh(confirmed_s)
            elif got.status == 200:
                got.deadline.put_off(timing.snapshot_s)
                knowledge.adopt(got.body(_SNAPSHOT_MOST_BYTES), confirmed_s)
                self.snapshots += 1
                self._whole_at_s = time.monotonic()
                tag = got.header("etag")
                self._etag = None if tag is None else (tag, knowledge.applied or 0)
                self.tried.set()
            else:
                raise FetchError(f"the snapshot: status {got.status}", got.status)
        self._snapshot_due = False

    def _stream(self, uri: str, stop: threading.Event) -> Step:
        knowledge, timing = self.knowledge, self._timing
        knowledge.connected()
        url = f"{uri}/stream?after={knowledge.applied}"
        with self._fetch.get(url, timing.request_s, accept="text/event-stream") as got:
            if got.status != 200:
                raise FetchError(f"the stream: status {got.status}", got.status)
            kind = (got.header("content-type") or "").split(";")[0].strip().lower()
            if kind != "text/event-stream":
                raise FetchError("the stream is not text/event-stream")
            self.streams += 1
            reader = SseReader()
            got.deadline.put_off(timing.stall_s)
            for piece in got.pieces():
                if stop.is_set():
                    return Step.NOTHING
                for event in reader.push(piece):
                    step = knowledge.read(event)
                    if step in (Step.GAP, Step.START_OVER):
                        return step
                    if step is not Step.NOTHING:
                        # Only news count: whoever sends but comments may be cut off himself.
                        got.deadline.put_off(timing.stall_s)
                    if step is Step.NEWS:
                        self._progress, self.last_error = True, None
                if knowledge.not_understood and self._is_whole_due():
                    return Step.START_OVER
        raise FetchError("the stream has ended")

    def _is_whole_due(self) -> bool:
        return time.monotonic() - self._whole_at_s >= _NOT_UNDERSTOOD_AGAIN_S


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
