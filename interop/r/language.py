"""R: Debian's packages, each by a small program that Python asks for each case."""

import json

from harness.languages import INTEROP, Peer

from python import language as python

NAME = "r"
FOLDER = INTEROP / NAME
SOURCE = FOLDER / "httr2.R"

ABOUT = {
    "command": ["Rscript", str(SOURCE)],
    "version": ["Rscript", "-e", "cat(as.character(packageVersion('httr2')))"],
    "methods": ["basic", "post"],
    "cannot": {
        # Whoever asks once more in one session of R gets the same; here every case is a session.
        "reuse": "it keeps its token as long as R runs, and each case here is an R of its own",
        "renew": "it keeps its token as long as R runs, and each case here is an R of its own",
    },
}
ENV = {"PEER_PROGRAM": json.dumps(ABOUT)}

PEERS = [Peer("httr2", [python.PYTHON, INTEROP / "python" / "by_program.py"], env=ENV, source=SOURCE)]


def prepare() -> None:
    """The package is there, or the peer says that it is not."""
    python.prepare()
