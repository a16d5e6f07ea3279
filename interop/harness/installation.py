"""A Hallpass installation in a folder of its own, filled through the real command line."""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import command
from harness.service import Service, ServiceError, free_port

COMMAND_WITHIN_S = 20.0
SETTLED_WITHIN_S = 5.0


@dataclass(frozen=True)
class Api:
    """An API of the installation."""

    name: str
    audience: str
    algorithm: str
    scopes: tuple[str, ...]


BOOKS = Api("Books", "https://api.example.com", "ES256", ("books:read", "books:write"))
LOANS = Api("Loans", "https://loans.example.com", "RS256", ("loans:read",))
ARCHIVE = Api("Archive", "https://archive.example.com", "EdDSA", ("archive:read",))
APIS = (BOOKS, LOANS, ARCHIVE)

ORGANIZATION = "Example Library"


class Installation:
    """The data directory, the settings, and the binary that acts on them."""

    def __init__(self, binary: Path, folder: Path) -> None:
        """Makes the database, one organization and the APIs."""
        self.binary = binary
        self.folder = folder
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        self.settings = {
            "HALLPASS_DATA_DIR": str(folder / "data"),
            "HALLPASS_ISSUER": self.issuer,
            "HALLPASS_LISTEN": f"127.0.0.1:{port}",
            "HALLPASS_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "HALLPASS_TRUSTED_PROXIES": "127.0.0.1/32",
        }
        self._call("init")
        self._call("organization", "add", ORGANIZATION)
        for api in APIS:
            scopes = [word for scope in api.scopes for word in ("--scope", scope)]
            audience = ("--audience", api.audience, "--algorithm", api.algorithm)
            self._call("api", "add", api.name, *audience, *scopes)

    def _call(self, *words: str) -> Any:
        env = command.loopback_env(self.settings)
        words = ("--json", *words)
        answer = command.run(
            [self.binary, *words], cwd=self.folder, timeout_s=COMMAND_WITHIN_S, env=env
        )
        return json.loads(answer) if answer.startswith(("{", "[")) else None

    def serve(self) -> Service:
        """Starts the server."""
        return Service(
            [self.binary, "serve"],
            ready=f"{self.issuer}/readyz",
            log=self.folder / "hallpass.log",
            env=command.loopback_env(self.settings),
        )

    def add_credential(self, name: str, apis: tuple[Api, ...], *more: str) -> dict[str, str]:
        """Makes a credential; the first API is its default."""
        granted = [word for api in apis for word in ("--api", api.audience)]
        owner = ("--organization", ORGANIZATION)
        made = self._call("credential", "add", name, *owner, *granted, *more)
        return {key: made[key] for key in ("client_id", "client_secret")}

    def pause(self, client_id: str) -> None:
        """Pauses a credential."""
        self._call("credential", "pause", client_id)

    def settle(self) -> None:
        """Waits until the server knows of everything that commands have done: a peer may be
        quicker than its look at the change log."""
        written = self._call("audit", "list", "--limit", "1")[0]["seq"]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + SETTLED_WITHIN_S
        while True:
            with opener.open(f"{self.issuer}/readyz", timeout=5) as answer:
                if json.load(answer)["change_seq"] >= written:
                    return
            if time.monotonic() > until:
                raise ServiceError(f"the server has not applied change {written}")

    def revoke_command(self, client_id: str) -> list[str]:
        """The command line that revokes a credential, for a peer to run."""
        data_dir = self.settings["HALLPASS_DATA_DIR"]
        return [str(self.binary), "credential", "revoke", client_id, "--data-dir", data_dir]
