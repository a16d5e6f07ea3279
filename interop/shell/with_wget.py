"""wget: what is there when curl is not."""

import json
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import peer
import standard
from standard import BASIC, Library, Login

SCRIPT = Path(__file__).resolve().parent / "wget.sh"


PLAIN = ("wget", "--no-config", "--quiet", "--no-proxy", "--timeout", "5", "--tries", "1",
         "--content-on-error", "--output-document", "-")
# What wget's manual says of its exit codes.
AUTHENTICATION_FAILED = 6
ERROR_RESPONSE = 8


class Refused(Exception):
    """An answer that is none of 200. Of a 401 wget shows nothing, and says by its exit code that
    the login is wrong."""

    def __init__(self, code: int, answer: str) -> None:
        super().__init__(answer)
        login = code == AUTHENTICATION_FAILED
        self.error = "invalid_client" if login else json.loads(answer)["error"]


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    form = {"grant_type": "client_credentials", **asked}
    if method != BASIC:
        form |= {"client_id": login[0], "client_secret": login[1]}
    body = urllib.parse.urlencode(form)
    by_script = ["sh", SCRIPT, endpoint, *login, body]
    words = by_script if method == BASIC else [*PLAIN, "--post-data", body, endpoint]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    if done.returncode in (AUTHENTICATION_FAILED, ERROR_RESPONSE):
        raise Refused(done.returncode, done.stdout)
    peer.expect_equal(f"wget's exit code ({done.stderr[-200:]})", done.returncode, 0)
    return json.loads(done.stdout)


LIBRARY = Library(
    fetch=fetch,
    error=Refused,
    more={
        "unsupported-grant": lambda world: standard.Cases(LIBRARY).refused(
            "unsupported_grant_type", grant_type="password")(world),
    },
)

said = subprocess.run(["wget", "--version"], capture_output=True, text=True, check=True).stdout
version = re.search(r"[\d.]+", said)
sys.exit(peer.run(version.group() if version else "?", standard.table(LIBRARY)))
