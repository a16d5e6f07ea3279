"""The verifier for Python: Starlette on uvicorn, and Flask."""

import sys
import tomllib

import guard
import peer
from guard import ROOT, Library, Program
from verifiers.language import PYTHON

FOLDER = ROOT / "verifiers" / "python"
ENV = {"PYTHONPATH": str(FOLDER / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
UVICORN = [PYTHON, "-m", "uvicorn", "--log-level", "warning", "--port", "PORT"]

LIBRARY = Library(
    version=tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]["version"],
    unit=Program([PYTHON, "-m", "unittest"], FOLDER, ENV),
    examples={
        "asgi": Program([*UVICORN, "--app-dir", "examples", "starlette_api:app"], FOLDER, ENV),
        "wsgi": Program(
            [PYTHON, "-m", "flask", "--app", "examples/flask_api.py", "run", "--port", "PORT"],
            FOLDER, ENV,
        ),
    },
    patient=Program([*UVICORN, "tests.patient:app"], FOLDER, ENV),
)

if __name__ == "__main__":
    sys.exit(peer.run(LIBRARY.version, guard.cases(LIBRARY)))
