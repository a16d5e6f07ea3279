"""Ruby: Debian's packages, driven by the machine's own Ruby."""

from harness.cases import CLIENT, VERIFIER
from harness.languages import INTEROP, Peer

NAME = "ruby"
FOLDER = INTEROP / NAME


def _peer(library: str, program: str, kind: str = CLIENT) -> Peer:
    return Peer(library, ["ruby", "-W0", FOLDER / program], (kind,), source=FOLDER / program)


PEERS = [
    _peer("oauth2", "oauth2_client.rb"),
    _peer("rack-oauth2", "rack_oauth2.rb"),
    _peer("signet", "signet_client.rb"),
    _peer("jwt", "jwt_verifier.rb", VERIFIER),
    _peer("json-jwt", "json_jwt.rb", VERIFIER),
]


def prepare() -> None:
    """The packages are there, or the peers say that they are not."""
