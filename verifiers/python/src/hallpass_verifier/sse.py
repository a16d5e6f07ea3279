"""Reads the feed's stream (Server-Sent Events, WHATWG HTML §9.2) as it arrives, in pieces of any
size and within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import strict_json

LONGEST_EVENT = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_NAMES = (b"revocation", b"heartbeat", b"reset")


class Unreadable(Exception):
    """The stream cannot be believed any further."""


@dataclass(frozen=True)
class Event:
    """An event of the feed. `members` of a revocation are its entry, which may not be
    understood."""

    name: str
    seq: int
    members: dict[str, Any]


class SseReader:
    """The state between two pieces."""

    def __init__(self) -> None:
        """Before the first byte."""
        self._line = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._length = 0
        self._after_cr = False
        self._first = True

    def push(self, piece: bytes) -> Iterator[Event]:
        """The events that end in this piece. Raises Unreadable."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if not piece:
            return
        self._after_cr = piece.endswith(b"\r")
        *ended, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._keep(part)
            line, self._line = bytes(self._line), bytearray()
            if self._first:
                line, self._first = line.removeprefix(_BOM), False
            if line:
                self._field(line)
            elif (event := self._end()) is not None:
                yield event
        self._keep(rest)

    def _keep(self, part: bytes) -> None:
        self._line += part
        if self._length + len(self._line) > LONGEST_EVENT:
            raise Unreadable("an event is longer than 256 KiB")

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value
        elif field == b"data":
            self._data.append(value)
            self._length += len(value)

    def _end(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data, self._length = b"", [], 0
        if not data or name not in _NAMES:
            return None
        try:
            members = strict_json.object_of(b"\n".join(data))
        except ValueError as error:
            raise Unreadable(f"malformed event: {error}") from None
        numbers = ("seq", "as_of") if name == b"heartbeat" else ("seq",)
        if not all(strict_json.is_int(members.get(number)) for number in numbers):
            raise Unreadable("seq or as_of is not a whole number")
        return Event(name.decode(), members.pop("seq"), members)
