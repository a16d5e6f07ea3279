"""Perl: Debian's packages, driven by the machine's own Perl."""

from harness.cases import CLIENT, VERIFIER
from harness.languages import INTEROP, Peer

NAME = "perl"
FOLDER = INTEROP / NAME


def _peer(library: str, program: str, kind: str = CLIENT) -> Peer:
    # Debian's, whichever other Perl comes first: that is where its packages are.
    return Peer(library, ["/usr/bin/perl", FOLDER / program], (kind,), source=FOLDER / program)


PEERS = [
    _peer("OAuth::Lite2", "oauth-lite2.pl"),
    _peer("Net::OAuth2", "net-oauth2.pl"),
    _peer("Crypt::JWT", "crypt-jwt.pl", VERIFIER),
]


def prepare() -> None:
    """The packages are there, or the peers say that they are not."""
