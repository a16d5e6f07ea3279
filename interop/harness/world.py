"""What a peer is told: where everything is, and credentials of its own, so that no peer can
spoil what another one measures."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from harness.books import BooksApi
from harness.cases import CLIENT, EXT_AUTHZ, GATEWAY, GENERATED, GUARD, MCP, PROXY, names
from harness.installation import (
    APIS, ARCHIVE, BOOKS, LEGACY, LOANS, SHELF, SPECIAL_SECRET, Installation,
)
from harness.languages import INTEROP, Peer

REVOKED_WITHIN_S = 1.0


def metadata(issuer: str) -> dict[str, Any]:
    """The metadata document (RFC 8414)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{issuer}/.well-known/oauth-authorization-server", timeout=5) as answer:
        return dict(json.load(answer))


def describe(
    peer: Peer, kind: str, number: int, installation: Installation, books: BooksApi
) -> dict[str, Any]:
    """Makes the peer's credentials and describes its world."""
    add = installation.add_credential
    name = f"{peer.library} {number}"
    credentials = {"several": add(f"{name} several", APIS)}
    world = {
        "issuer": installation.issuer,
        "metadata": metadata(installation.issuer),
        "api_url": books.url,
        "api": vars(BOOKS),
        "other_api": vars(LOANS),
        "short_api": vars(SHELF),
        "legacy_api": vars(LEGACY),
        # One of each algorithm.
        "apis": [vars(api) for api in (BOOKS, LOANS, ARCHIVE)],
        "revoked_within_s": REVOKED_WITHIN_S,
        "credentials": credentials,
        "cases": names([kind]),
    }
    if kind in (CLIENT, PROXY, GATEWAY, EXT_AUTHZ, MCP):
        credentials["plain"] = add(f"{name} plain", (BOOKS,))
        credentials["doomed"] = add(f"{name} doomed", (BOOKS,))
        world["revoke_command"] = installation.revoke_command(credentials["doomed"]["client_id"])
    if kind == CLIENT:
        introspects = ("--introspects", BOOKS.audience)
        credentials["inspector"] = add(f"{name} inspector", (BOOKS,), *introspects)
        credentials["paused"] = add(f"{name} paused", (BOOKS,))
        installation.pause(credentials["paused"]["client_id"])
        imported = installation.import_credential(f"imported-{number}", SPECIAL_SECRET)
        credentials["imported"] = imported
    if kind == GENERATED:
        credentials["manager"] = installation.add_manager(f"{name} manager")
    if kind == PROXY:
        for reach, network in [("near", "127.0.0.2/32"), ("far", "203.0.113.0/24")]:
            credentials[reach] = add(f"{name} {reach}", (BOOKS,), "--allow-from", network)
    if kind == GUARD:
        # It makes an installation of its own, to stop and start it.
        world["hallpass"] = str(installation.binary)
    if kind in (GATEWAY, EXT_AUTHZ, MCP):
        world["hallpass"] = str(installation.binary)
        world["envoy_config"] = str(INTEROP.parent / "packaging/proxy/gateway-envoy.yaml")
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
