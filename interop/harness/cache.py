"""Does a slow step again only when what it depends on has changed."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path


def once(stamp: Path, inputs: Iterable[Path | str], make: Callable[[], None]) -> None:
    """Calls `make` unless `stamp` says that it was done with the same inputs: files by their
    content, text as it is."""
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
        digest.update(b"\0")
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())
