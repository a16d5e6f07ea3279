"""One rotation of all signing keys, under the load of every verifier: they start, they say that
they are ready, the keys change under them, they are told, they end."""

import base64
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness.installation import APIS, Installation
from harness.service import ServiceError

READY_WITHIN_S = 120.0
# Longer than any of the libraries waits before it looks for an unknown key again: of those, 30 s
# is the longest. A real installation gives a day.
LEAD_S = 32
SIGNS_WITHIN_S = LEAD_S + 20.0
LOOKS_EVERY_S = 0.2


@dataclass(frozen=True)
class Place:
    """One verifier's part in it: two files that say how far each side is."""

    ready: Path
    rotated: Path
    over: threading.Event

    @property
    def described(self) -> dict[str, str]:
        """What its peer is told: the file to make, and the file to wait for."""
        return {"ready_file": str(self.ready), "rotated_file": str(self.rotated)}

    def ended(self) -> None:
        """Nobody needs to wait for it any more."""
        self.over.set()

    def is_ready(self) -> bool:
        """Whether the rotation may begin, as far as this one is concerned."""
        return self.over.is_set() or self.ready.exists()


class Rotation:
    """The rotation that these verifiers will see."""

    def __init__(self, installation: Installation, verifiers: int) -> None:
        """Nothing happens yet."""
        self.installation = installation
        self.rotated = installation.folder / "rotated"
        folder = installation.folder
        self.places = [
            Place(folder / f"ready-{number}", self.rotated, threading.Event())
            for number in range(verifiers)
        ]
        self._free = iter(self.places)

    def place(self) -> Place:
        """The next one's part."""
        return next(self._free)

    def run(self) -> None:
        """Waits for the verifiers, rotates, and waits until the new keys sign."""
        try:
            _until(lambda: all(place.is_ready() for place in self.places), READY_WITHIN_S,
                   "the verifiers are not ready")
            if all(place.over.is_set() for place in self.places):
                return
            before = self._kids()
            self.installation.rotate_keys(LEAD_S)
            _until(lambda: all(new != before[name] for name, new in self._kids().items()),
                   SIGNS_WITHIN_S, "the new keys do not sign")
        finally:
            # Whatever happened, nobody waits for ever.
            self.rotated.touch()

    def _kids(self) -> dict[str, str]:
        """Which keys sign now."""
        kids = {}
        for api in {api.algorithm: api for api in APIS}.values():
            token = self.installation.token(self.installation.witness, api.audience)
            header = token.partition(".")[0]
            kids[api.algorithm] = json.loads(base64.urlsafe_b64decode(header + "==="))["kid"]
        return kids


def _until(holds, within_s: float, otherwise: str) -> None:
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            raise ServiceError(f"{otherwise} after {within_s:g} s")
        time.sleep(LOOKS_EVERY_S)
