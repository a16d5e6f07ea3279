"""HTTPie: curl with manners."""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import peer
import standard
from peer import World
from standard import BASIC, POST, Library, Login

SCRIPT = Path(__file__).resolve().parent / "httpie.sh"
# Beside the interpreter of the packages.
HTTP = Path(sys.executable).parent / "http"
# HTTPie's own for an answer of 4xx.
REFUSED = 4


class Refused(Exception):
    """An answer of 4xx."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.error = json.loads(answer)["error"]


def run(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    if done.returncode == REFUSED:
        raise Refused(done.stdout)
    peer.expect_equal(f"the exit code ({done.stderr[-200:]})", done.returncode, 0)
    return dict(json.loads(done.stdout))


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    if method == BASIC:
        fields = [f"{name}={value}" for name, value in asked.items()]
        return run("sh", SCRIPT, HTTP, endpoint, *login, *fields)
    form = {"grant_type": "client_credentials", "client_id": login[0], "client_secret": login[1]}
    body = [f"{name}={value}" for name, value in (form | asked).items()]
    return run(HTTP, "--ignore-stdin", "--body", "--check-status", "--form", endpoint, *body)


def json_body(world: World) -> None:
    client_id, secret = world.login()
    fields = (f"client_id={client_id}", f"client_secret={secret}")
    words = ("--ignore-stdin", "--body", "--check-status", world.token_endpoint)
    token = run(HTTP, *words, "grant_type=client_credentials", *fields)
    peer.expect_token(world, token)


def other_grant(world: World) -> None:
    login = ("--auth", ":".join(world.login()))
    words = ("--ignore-stdin", "--body", "--check-status", "--form", *login, world.token_endpoint)
    peer.expect_raises(Refused, "unsupported_grant_type",
                       lambda: run(HTTP, *words, "grant_type=password"))


LIBRARY = Library(
    fetch=fetch,
    error=Refused,
    methods=(BASIC, POST),
    more={"token-json": json_body, "unsupported-grant": other_grant},
)

peer.run(importlib.metadata.version("httpie"), standard.table(LIBRARY))
