"""Python: a virtual environment with pinned packages."""

import shutil
import sys
import threading

from harness import command
from harness.cache import once
from harness.cases import CLIENT, MCP, VERIFIER
from harness.languages import CACHE, INTEROP, Peer

NAME = "python"
FOLDER = INTEROP / NAME
VENV = CACHE / NAME
PYTHON = VENV / "bin" / "python"
INSTALL_WITHIN_S = 600.0


def _peer(library: str, program: str, kind: str = CLIENT) -> Peer:
    return Peer(library, [PYTHON, FOLDER / program], (kind,), source=FOLDER / program)


PEERS = [
    _peer("requests-oauthlib", "requests-oauthlib.py"),
    _peer("authlib (requests)", "authlib-requests.py"),
    _peer("authlib (httpx)", "authlib-httpx.py"),
    _peer("requests_oauth2client", "requests-oauth2client.py"),
    _peer("requests-auth", "requests-auth.py"),
    _peer("httpx-auth", "httpx-auth.py"),
    _peer("aiohttp-oauth2-client", "aiohttp-oauth2-client.py"),
    _peer("aiohttp-oauthlib", "aiohttp-oauthlib.py"),
    _peer("oauthlib", "oauthlib-raw.py"),
    _peer("oauth2-client", "oauth2-client.py"),
    _peer("oic", "oic-client.py"),
    _peer("rauth", "rauth-service.py"),
    _peer("PyJWT", "pyjwt.py", VERIFIER),
    _peer("joserfc", "joserfc-jwt.py", VERIFIER),
    _peer("authlib.jose", "authlib-jose.py", VERIFIER),
    _peer("python-jose", "python-jose.py", VERIFIER),
    _peer("jwcrypto", "jwcrypto-jwt.py", VERIFIER),
    # It starts a gateway, as the harness starts servers.
    Peer("mcp", [PYTHON, FOLDER / "mcp-sdk.py"], (MCP,), {"PYTHONPATH": str(INTEROP)}),
]


# Programs of the command line are among the packages, so that two languages want them.
_PREPARING = threading.Lock()


def prepare() -> None:
    """Makes the environment anew when a pin or the interpreter has changed."""
    with _PREPARING:
        _prepare()


def _prepare() -> None:
    requirements = FOLDER / "requirements.txt"

    def install() -> None:
        shutil.rmtree(VENV, ignore_errors=True)
        command.run([sys.executable, "-m", "venv", VENV], cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)
        words = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        command.run(words, cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)

    once(VENV / "stamp", [requirements, sys.version, sys.executable], install)
