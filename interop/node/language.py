"""Node: the packages of package-lock.json."""

from harness import command
from harness.cache import once
from harness.cases import CLIENT, VERIFIER
from harness.languages import INTEROP, Peer

NAME = "node"
FOLDER = INTEROP / NAME
INSTALL_WITHIN_S = 600.0


def _peer(library: str, program: str, *kinds: str) -> Peer:
    return Peer(library, ["node", FOLDER / program], kinds or (CLIENT,), source=FOLDER / program)


PEERS = [
    _peer("openid-client", "openid-client.mjs"),
    _peer("openid-client 5", "openid-client-v5.mjs"),
    _peer("oauth4webapi", "oauth4webapi.mjs", CLIENT, VERIFIER),
    _peer("simple-oauth2", "simple-oauth2.mjs"),
    _peer("@badgateway/oauth2-client", "badgateway.mjs"),
    _peer("fetch-mw-oauth2", "fetch-mw-oauth2.mjs"),
    _peer("client-oauth2", "client-oauth2.mjs"),
    _peer("axios-oauth-client", "axios-oauth-client.mjs"),
    _peer("@scienta/axios-oauth2", "scienta-axios.mjs"),
    _peer("@hapic/oauth2", "hapic-oauth2.mjs"),
    _peer("oauth", "oauth.mjs"),
    _peer("@modelcontextprotocol/sdk", "mcp.mjs"),
    _peer("jose", "jose.mjs", VERIFIER),
    _peer("jsonwebtoken", "jsonwebtoken.mjs", VERIFIER),
    _peer("fast-jwt", "fast-jwt.mjs", VERIFIER),
    _peer("express-oauth2-jwt-bearer", "express-oauth2-jwt-bearer.mjs", VERIFIER),
    _peer("aws-jwt-verify", "aws-jwt-verify.mjs", VERIFIER),
]


def prepare() -> None:
    """Installs anew when a pin or Node has changed."""
    version = command.run(["node", "--version"], cwd=FOLDER, timeout_s=20)

    def install() -> None:
        command.run(["npm", "ci", "--silent"], cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)

    inputs = [FOLDER / "package.json", FOLDER / "package-lock.json", version]
    # Node looks for packages in the program's own folder only.
    once(FOLDER / "node_modules" / ".stamp", inputs, install)
