"""The verifier for Node: Express, Fastify, and a handler of the kind of `fetch`."""

import json
import sys

import guard
import peer
from guard import ROOT, Library, Program

FOLDER = ROOT / "verifiers" / "node"

LIBRARY = Library(
    version=json.loads((FOLDER / "package.json").read_text())["version"],
    unit=Program(["npm", "test", "--silent"], FOLDER),
    examples={
        "express": Program(["node", "examples/express.js"], FOLDER),
        "fastify": Program(["node", "examples/fastify.js"], FOLDER),
        "fetch": Program(["node", "test/serve-fetch.js"], FOLDER),
    },
    patient=Program(["node", "test/patient.js"], FOLDER),
)

if __name__ == "__main__":
    sys.exit(peer.run(LIBRARY.version, guard.cases(LIBRARY)))
