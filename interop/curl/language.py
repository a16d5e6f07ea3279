"""curl: nothing to install, driven by a Python program."""

import sys

from harness.languages import INTEROP, Peer

NAME = "curl"
# The program shares what all Python peers have.
ENV = {"PYTHONPATH": str(INTEROP / "python")}
PEERS = [Peer("curl", [sys.executable, INTEROP / NAME / "curl.py"], env=ENV)]


def prepare() -> None:
    """curl is there, or the peer says that it is not."""
