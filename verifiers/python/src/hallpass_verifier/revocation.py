"""What is known to be dead, and the entries that say so (docs/feed.md). No clock and no network
here."""

import base64
import hashlib
from typing import Any

from . import strict_json
from .keyset import decode
from .token import Claims

Entry = dict[str, Any]
_KINDS = "htko"


class NotUnderstood(Exception):
    """An entry of which this version cannot say what it kills. It is never applied in part."""


def handle(identifier: str) -> str:
    """What stands for an identifier in the feed."""
    digest = hashlib.sha256(identifier.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def identity(entry: Any) -> tuple[str, str]:
    """The kind of an entry with its handle or `kid`. Raises NotUnderstood."""
    if not isinstance(entry, dict):
        raise NotUnderstood("not an object")
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(kinds) != 1:
        raise NotUnderstood("of an unknown kind" if not kinds else "of more than one kind")
    kind = kinds[0]
    if ("gens" in entry and kind != "h") or ("before" in entry and kind != "o"):
        raise NotUnderstood("a limit beside another subject")
    name = entry[kind]
    if not isinstance(name, str) or (kind != "k" and not _is_handle(name)):
        raise NotUnderstood("a handle is none")
    gens = entry.get("gens", [])
    if not isinstance(gens, list) or not all(strict_json.is_int(n, 2**32 - 1) for n in gens):
        raise NotUnderstood("gens is not an array of small integers")
    if not all(strict_json.is_int(entry.get(at, 0)) for at in ("before", "until")):
        raise NotUnderstood("a time is not a whole number of seconds")
    if "until" not in entry:
        raise NotUnderstood("until is missing")
    return kind, name


def _is_handle(text: str) -> bool:
    try:
        return len(decode(text)) == 16
    except ValueError:
        return False


class Dead:
    """The live entries by identity. Replaced as a whole, and read without a lock: a look-up in a
    dict is atomic."""

    def __init__(self) -> None:
        """Nothing is dead."""
        self._entries: dict[tuple[str, str], Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def apply(self, entry: Entry) -> None:
        """Takes over one entry; a later one of the same identity replaces the earlier one, even
        where it kills less. Raises NotUnderstood."""
        key = identity(entry)
        kept = {name: entry[name] for name in ("gens", "before", "until") if name in entry}
        self._entries[key] = kept

    def prune(self, now_s: float) -> None:
        """Forgets what kills nothing any more."""
        for key, entry in list(self._entries.items()):
            if now_s >= entry["until"]:
                self._entries.pop(key, None)

    def verdict(self, claims: Claims, now_s: float) -> str | None:
        """What killed the token, if it is dead."""
        entry = self._live("h", handle(claims.client_id), now_s)
        if entry is not None:
            gens = entry.get("gens")
            if gens is None:
                return "credential"
            if claims.generation in gens or (claims.generation is None and gens):
                return "generation"
        if self._live("t", handle(claims.jti), now_s) is not None:
            return "token"
        if claims.organization is not None:
            entry = self._live("o", handle(claims.organization), now_s)
            if entry is not None and claims.iat < entry.get("before", claims.iat + 1):
                return "organization"
        return "key" if self._live("k", claims.kid, now_s) is not None else None

    def _live(self, kind: str, name: str, now_s: float) -> Entry | None:
        entry = self._entries.get((kind, name))
        return entry if entry is not None and now_s < entry["until"] else None
