"""A Hallpass installation in a folder of its own, filled through the real command line."""

import base64
import functools
import json
import time
import urllib.parse
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
    lifetime: str = "24h"
    typ: str = "at+jwt"


BOOKS = Api("Books", "https://api.example.com", "ES256", ("books:read", "books:write"))
LOANS = Api("Loans", "https://loans.example.com", "RS256", ("loans:read",))
ARCHIVE = Api("Archive", "https://archive.example.com", "EdDSA", ("archive:read",))
# As short as tokens may live, for one that has expired.
SHELF = Api("Shelf", "https://shelf.example.com", "ES256", ("shelf:read",), lifetime="60s")
# For old verifiers, which refuse RFC 9068's type.
LEGACY = Api("Legacy", "https://legacy.example.com", "ES256", ("legacy:read",), typ="JWT")
APIS = (BOOKS, LOANS, ARCHIVE, SHELF, LEGACY)

# Every kind of character that RFC 6749 allows in a secret (appendix A.2), among them some that
# look as if they were encoded already.
SPECIAL_SECRET = "p+q/r= s%41:t&u\"v\\w~{x}"

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
            tokens = ("--algorithm", api.algorithm, "--lifetime", api.lifetime, "--typ", api.typ)
            self._call("api", "add", api.name, "--audience", api.audience, *tokens, *scopes)

    def _call(self, *words: str) -> Any:
        env = command.loopback_env(self.settings)
        words = ("--json", *words)
        answer = command.run(
            [self.binary, *words], cwd=self.folder, timeout_s=COMMAND_WITHIN_S, env=env
        )
        return json.loads(answer) if answer.startswith(("{", "[")) else None

    @functools.cached_property
    def witness(self) -> dict[str, str]:
        """A credential of the suite's own."""
        made = self.add_credential("witness", APIS)
        self.settle()
        return made

    def short_lived_token(self) -> tuple[str, float]:
        """A token of the API whose tokens live shortest, and when it expires."""
        token = self.token(self.witness, SHELF.audience)
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))
        return token, float(claims["exp"])

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

    def add_manager(self, name: str) -> dict[str, str]:
        """Makes a credential with power over credentials."""
        granted = f"{self.issuer}/api/v1=credentials:read,credentials:write"
        owner = ("--organization", ORGANIZATION)
        made = self._call("credential", "add", name, *owner, "--api", granted)
        return {key: made[key] for key in ("client_id", "client_secret")}

    def import_credential(self, client_id: str, secret: str) -> dict[str, str]:
        """Takes over a credential that another server made."""
        described = {"client_id": client_id, "secret": secret, "scopes": list(BOOKS.scopes)}
        file = self.folder / f"{client_id}.jsonl"
        file.write_text(json.dumps(described | {"audience": BOOKS.audience}) + "\n")
        report = self._call("import", "jsonl", str(file), "--organization", ORGANIZATION)
        file.unlink()
        if report["report"]["imported"] != 1:
            raise command.CommandError(f"`{client_id}` was not imported: {report}")
        return {"client_id": client_id, "client_secret": secret}

    def rotate_keys(self, lead_s: int) -> None:
        """Publishes a new key of each algorithm, which signs after `lead_s`."""
        for algorithm in sorted({api.algorithm for api in APIS}):
            self._call("key", "rotate", "--algorithm", algorithm, "--lead", f"{lead_s}s")

    def token(self, login: dict[str, str], audience: str) -> str:
        """A token, as a plain caller gets it."""
        form = {"grant_type": "client_credentials", "audience": audience, **login}
        body = urllib.parse.urlencode(form).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.issuer}/oauth/token", body, timeout=5) as answer:
            return str(json.load(answer)["access_token"])

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
