"""Reverse proxies: the machine's own, with the files that the documentation shows."""

import os
import sys

from harness.cases import GATEWAY, PROXY
from harness.languages import INTEROP, Peer

NAME = "proxies"
# The programs share what all Python peers have, and find a free port as the harness does.
ENV = {"PYTHONPATH": os.pathsep.join([str(INTEROP / "python"), str(INTEROP)])}
PEERS = [
    Peer(library, [sys.executable, INTEROP / NAME / f"behind_{library}.py"], [PROXY], ENV)
    for library in ("nginx", "haproxy")
] + [
    Peer(f"{at}-gateway", [sys.executable, INTEROP / NAME / f"gateway_at_{at}.py"], [GATEWAY], ENV)
    for at in ("nginx", "caddy", "haproxy")
]


def prepare() -> None:
    """Both are there, or the peer says that one is not."""
