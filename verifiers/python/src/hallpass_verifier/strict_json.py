"""JSON without second readings: an object that names a member twice is refused, at every level
(RFC 7515 §4, RFC 7519 §4), and so is what is no JSON though Python reads it."""

import json
import math
from typing import Any


def loads(text: bytes) -> Any:
    """The value. Raises ValueError."""
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_members,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if b"\\ud" in text.lower():
        # Half a surrogate pair is no text, and would fail where it is written.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def object_of(text: bytes) -> dict[str, Any]:
    """The members of an object. Raises ValueError."""
    value = loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def is_int(value: Any, at_most: int = 2**64 - 1) -> bool:
    """Whether it is a whole number that is not negative. `True` is none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= at_most
