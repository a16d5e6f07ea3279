"""A library of a language for which a small program is enough: the program fetches a token by the
library, and this one asks it for each case.

The program is called with the token endpoint, the client id, the secret, `basic` or `post`, and
`name=value` for whatever else is asked. It prints what the library tells of the answer as JSON, at
least `access_token`; or the library's own error, and ends with 3."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

import peer
import standard
from standard import Library, Login

REFUSED = 3

ABOUT = json.loads(os.environ["PEER_PROGRAM"])


class Refused(Exception):
    """The library's own error."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.error = answer.strip()


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    fields = [f"{name}={value}" for name, value in asked.items()]
    words = [*ABOUT["command"], endpoint, *login, method, *fields]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    if done.returncode == REFUSED:
        raise Refused(done.stdout)
    peer.expect_equal(f"the exit code ({done.stderr[-200:]})", done.returncode, 0)
    return dict(json.loads(done.stdout.splitlines()[-1]))


LIBRARY = Library(fetch=fetch, error=Refused, methods=ABOUT["methods"], more=ABOUT["cannot"])

VERSION = subprocess.run(ABOUT["version"], capture_output=True, text=True, check=True).stdout

peer.run(VERSION, standard.table(LIBRARY))
