"""What a language's folder tells about itself, in its `language.py`."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from harness.cases import CLIENT

INTEROP = Path(__file__).resolve().parent.parent

# What is installed or built lives here, so that a second run needs no network.
CACHE = INTEROP / ".cache"


@dataclass(frozen=True)
class Peer:
    """One library, and the program that drives it: `command`, then the name of a JSON file."""

    library: str
    command: Sequence[str | Path]
    kinds: Sequence[str] = (CLIENT,)
    env: Mapping[str, str] = field(default_factory=dict)
    # Where it runs; some look beside themselves for what they need.
    cwd: Path | None = None
    # The program whose marked lines are the example; none where there is nothing to show.
    source: Path | None = None


class Language(Protocol):
    """The module `<folder>/language.py`."""

    NAME: str
    PEERS: Sequence[Peer]

    def prepare(self) -> None:
        """Installs or builds what the peers need. Raises CommandError."""


def languages() -> list[Language]:
    """Every folder with a `language.py`."""
    folders = sorted(path.parent.name for path in INTEROP.glob("*/language.py"))
    return [cast(Language, importlib.import_module(f"{name}.language")) for name in folders]
