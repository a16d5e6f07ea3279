"""The verifier for Go: net/http."""

import sys

import guard
import peer
from guard import ROOT, Library, Program
from verifiers.language import GO_BUILT

# Tests find their vectors beside their package.
FOLDER = ROOT / "verifiers" / "go"

LIBRARY = Library(
    version="0.1.0",
    unit=Program([GO_BUILT / "verifier.test"], FOLDER),
    examples={"net/http": Program([GO_BUILT / "nethttp"], FOLDER)},
    patient=Program([GO_BUILT / "patient"], FOLDER),
)

if __name__ == "__main__":
    sys.exit(peer.run(LIBRARY.version, guard.cases(LIBRARY)))
