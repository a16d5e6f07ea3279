"""The Books API, `examples/books`: the protected API that the peers call."""

import json
import os
from pathlib import Path

from harness import command
from harness.installation import BOOKS, Installation
from harness.languages import INTEROP
from harness.service import Service, free_port

BUILD_WITHIN_S = 1800.0
ROOT = INTEROP.parent


def build(hallpass: Path) -> Path:
    """Builds it in the profile that `hallpass` has, and returns the binary."""
    profile = ["--release"] if hallpass.parent.name == "release" else []
    # The features of the whole workspace, as in the tests, so that nothing is compiled twice.
    words = ["--workspace", "--all-features", "--bin", "books", *profile]
    words += ["--message-format", "json-render-diagnostics"]
    cargo = os.environ.get("CARGO", "cargo")
    messages = command.run([cargo, "build", *words], cwd=ROOT, timeout_s=BUILD_WITHIN_S)
    for message in map(json.loads, messages.splitlines()):
        if message.get("executable") and message["target"]["name"] == "books":
            return Path(message["executable"])
    raise command.CommandError("cargo built no `books`")


class BooksApi:
    """The running API."""

    def __init__(self, binary: Path, installation: Installation) -> None:
        """Starts it; its verifier reads the issuer's keys and feed."""
        listen = f"127.0.0.1:{free_port()}"
        self.url = f"http://{listen}/v1/books"
        words = ["--issuer", installation.issuer, "--audience", BOOKS.audience]
        self.service = Service(
            [binary, *words, "--listen", listen],
            ready=self.url,
            log=installation.folder / "books.log",
            env=command.loopback_env(),
        )
