"""What a peer is told: where everything is, and credentials of its own, so that no peer can
spoil what another one measures."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from harness.books import BooksApi
from harness.cases import CLIENT, GATEWAY, PROXY, names
from harness.installation import APIS, BOOKS, LOANS, Installation
from harness.languages import Peer

REVOKED_WITHIN_S = 1.0


def metadata(issuer: str) -> dict[str, Any]:
    """The metadata document (RFC 8414)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{issuer}/.well-known/oauth-authorization-server", timeout=5) as answer:
        return dict(json.load(answer))


def describe(peer: Peer, installation: Installation, books: BooksApi) -> dict[str, Any]:
    """Makes the peer's credentials and describes its world."""
    document = metadata(installation.issuer)
    add = installation.add_credential
    credentials = {"several": add(f"{peer.library} several", APIS)}
    world = {
        "issuer": installation.issuer,
        "metadata": document,
        "api_url": books.url,
        "api": vars(BOOKS),
        "other_api": vars(LOANS),
        "apis": [vars(api) for api in APIS],
        "revoked_within_s": REVOKED_WITHIN_S,
        "credentials": credentials,
        "cases": names(peer.kinds),
    }
    if CLIENT in peer.kinds:
        credentials["plain"] = add(f"{peer.library} plain", (BOOKS,))
        credentials["doomed"] = add(f"{peer.library} doomed", (BOOKS,))
        credentials["paused"] = add(f"{peer.library} paused", (BOOKS,))
        introspects = ("--introspects", BOOKS.audience)
        credentials["inspector"] = add(f"{peer.library} inspector", (BOOKS,), *introspects)
        installation.pause(credentials["paused"]["client_id"])
        doomed = credentials["doomed"]["client_id"]
        world["revoke_command"] = installation.revoke_command(doomed)
    if PROXY in peer.kinds:
        credentials["plain"] = add(f"{peer.library} plain", (BOOKS,))
        credentials["doomed"] = add(f"{peer.library} doomed", (BOOKS,))
        for name, network in [("near", "127.0.0.2/32"), ("far", "203.0.113.0/24")]:
            credentials[name] = add(f"{peer.library} {name}", (BOOKS,), "--allow-from", network)
        world["revoke_command"] = installation.revoke_command(credentials["doomed"]["client_id"])
    if GATEWAY in peer.kinds:
        credentials["plain"] = add(f"{peer.library} plain", (BOOKS,))
        credentials["doomed"] = add(f"{peer.library} doomed", (BOOKS,))
        world["revoke_command"] = installation.revoke_command(credentials["doomed"]["client_id"])
        world["hallpass"] = str(installation.binary)
    installation.settle()
    return world


def secrets(world: dict[str, Any]) -> list[str]:
    """What must never be shown."""
    return [credential["client_secret"] for credential in world["credentials"].values()]


def write(world: dict[str, Any], path: Path) -> None:
    """Writes it to a new file that only we can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(world, file)
