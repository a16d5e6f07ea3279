"""A client that is generated here, from `docs/reference/openapi.json`, and kept nowhere."""

import os
import shutil
import sys

from harness import command
from harness.cache import once
from harness.cases import GENERATED
from harness.languages import CACHE, INTEROP, Peer

NAME = "openapi"
FOLDER = INTEROP / NAME
VENV = CACHE / NAME
PYTHON = VENV / "bin" / "python"
# Beside the packages that it needs.
CLIENT = VENV / "generated" / "hallpass_api"
DOCUMENT = INTEROP.parent / "docs" / "reference" / "openapi.json"
INSTALL_WITHIN_S = 600.0

# The program shares what all Python peers have.
ENV = {"PYTHONPATH": os.pathsep.join([str(CLIENT.parent), str(INTEROP / "python")])}
PEERS = [
    Peer("openapi-python-client", [PYTHON, FOLDER / "journey.py"], [GENERATED], ENV,
         source=FOLDER / "journey.py")
]


def prepare() -> None:
    """Installs the generator and generates, anew when either has changed."""
    requirements = FOLDER / "requirements.txt"

    def install() -> None:
        shutil.rmtree(VENV, ignore_errors=True)
        command.run([sys.executable, "-m", "venv", VENV], cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)
        words = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        command.run(words, cwd=FOLDER, timeout_s=INSTALL_WITHIN_S)

    def generate() -> None:
        shutil.rmtree(CLIENT, ignore_errors=True)
        CLIENT.parent.mkdir(parents=True, exist_ok=True)
        words = ["generate", "--path", DOCUMENT, "--meta", "none", "--output-path", CLIENT]
        generator = VENV / "bin" / "openapi-python-client"
        said = command.run([generator, *words], cwd=VENV, timeout_s=INSTALL_WITHIN_S)
        # It leaves out what it does not understand, and says so.
        if "WARNING" in said or "Unable" in said:
            raise command.CommandError(said)

    inputs = [requirements, sys.version, sys.executable]
    once(VENV / "stamp", inputs, install)
    once(VENV / "generated" / "stamp", [*inputs, DOCUMENT], generate)
