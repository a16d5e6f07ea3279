"""Programs of the command line: nothing to install, driven by Python programs."""

import os

from harness.languages import INTEROP, Peer

from python import language as python

NAME = "shell"
FOLDER = INTEROP / NAME
# The programs share what all Python peers have, and Python's packages have HTTPie.
ENV = {"PYTHONPATH": os.pathsep.join([str(FOLDER), str(INTEROP / "python")])}


def _peer(name: str, source: str) -> Peer:
    words = [python.PYTHON, FOLDER / f"with_{name}.py"]
    return Peer(name, words, env=ENV, source=FOLDER / source)


PEERS = [_peer("curl", "curl.sh"), _peer("wget", "wget.sh"), _peer("httpie", "httpie.sh")]


def prepare() -> None:
    """curl and wget are there, or the peers say that they are not."""
    python.prepare()
