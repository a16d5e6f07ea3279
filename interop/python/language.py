"""Python: a virtual environment with pinned packages."""

import shutil
import sys

from harness import command
from harness.cache import once
from harness.cases import VERIFIER
from harness.languages import CACHE, INTEROP, Peer

NAME = "python"
FOLDER = INTEROP / NAME
VENV = CACHE / NAME
PYTHON = VENV / "bin" / "python"
INSTALL_WITHIN_S = 600.0


def _peer(library: str, program: str, kind: str | None = None) -> Peer:
    command_line = [PYTHON, FOLDER / program]
    return Peer(library, command_line, (kind,)) if kind else Peer(library, command_line)


PEERS = [
    _peer("requests-oauthlib", "requests-oauthlib.py"),
    _peer("authlib (requests)", "authlib-requests.py"),
    _peer("authlib (httpx)", "authlib-httpx.py"),
    _peer("PyJWT", "pyjwt.py", VERIFIER),
    _peer("joserfc", "joserfc-jwt.py", VERIFIER),
]


def prepare() -> None:
    """Makes the environment anew when a pin or the interpreter has changed."""
    requirements = FOLDER / "requirements.txt"

    def install() -> None:
        shutil.rmtree(VENV, ignore_errors=True)
        command.run([sys.executable, "-m", "venv", VENV], cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)
        words = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        command.run(words, cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)

    once(VENV / "stamp", [requirements, sys.version, sys.executable], install)
