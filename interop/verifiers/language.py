"""The verifiers of this project for other languages, in `verifiers/`: their own tests, and their
examples beside the real server."""

import os
import shutil
import sys

from go import language as go
from harness import command
from harness.cache import once
from harness.cases import GUARD
from harness.languages import CACHE, INTEROP, Peer

NAME = "verifiers"
VERIFIERS = INTEROP.parent / NAME
VENV = CACHE / "verifiers-python"
PYTHON = VENV / "bin" / "python"
GO_BUILT = CACHE / "verifiers-go"
JAVA_BUILT = CACHE / "verifiers-java"
MAVEN = ["mvn", "--quiet", "--batch-mode", f"-Doutput={JAVA_BUILT}"]
INSTALL_WITHIN_S = 600.0

# The programs share what all Python peers have, and start servers as the harness does.
ENV = {"PYTHONPATH": os.pathsep.join([str(INTEROP / "python"), str(INTEROP)])}
PEERS = [
    Peer(f"hallpass-verifier ({name})", [sys.executable, INTEROP / NAME / f"guard_{name}.py"],
         [GUARD], ENV)
    for name in ("python", "node", "go", "java")
]


def prepare() -> None:
    """Installs what the verifiers stand on, and the frameworks of their examples."""
    _python()
    _node()
    _go()
    _java()


def _python() -> None:
    requirements = VERIFIERS / "python" / "requirements-test.txt"

    def install() -> None:
        shutil.rmtree(VENV, ignore_errors=True)
        command.run([sys.executable, "-m", "venv", VENV], cwd=INTEROP, timeout_s=INSTALL_WITHIN_S)
        words = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        command.run(words, cwd=INTEROP, timeout_s=INSTALL_WITHIN_S)

    once(VENV / "stamp", [requirements, sys.version, sys.executable], install)


def _node() -> None:
    folder = VERIFIERS / "node"
    version = command.run(["node", "--version"], cwd=folder, timeout_s=20)

    def install() -> None:
        command.run(["npm", "ci", "--silent"], cwd=folder, timeout_s=INSTALL_WITHIN_S)

    inputs = [folder / "package.json", folder / "package-lock.json", version]
    once(folder / "node_modules" / ".stamp", inputs, install)


def _go() -> None:
    """As `go/language.py` does it: distributions may have a Go that is too old."""
    folder = VERIFIERS / "go"
    version = command.run(["go", "version"], cwd=folder, timeout_s=20)

    def build() -> None:
        program = go._go(version)
        env = go._env("auto")
        if program != "go":
            env.pop("GOROOT", None)
        GO_BUILT.mkdir(parents=True, exist_ok=True)
        flags = ["-mod=readonly", "-buildvcs=false", "-o", GO_BUILT]
        for words in (["build", *flags, "./..."], ["test", "-c", *flags, "."]):
            command.run([program, *words], cwd=folder, timeout_s=INSTALL_WITHIN_S, env=env)

    sources = sorted(folder.rglob("*.go"))
    once(GO_BUILT / "stamp", [folder / "go.mod", folder / "go.sum", *sources, version], build)


def _java() -> None:
    folder = VERIFIERS / "java"
    version = command.run(["mvn", "--version"], cwd=folder, timeout_s=60)

    def build() -> None:
        JAVA_BUILT.mkdir(parents=True, exist_ok=True)
        jars = JAVA_BUILT / "jars"
        words = ["test-compile", "dependency:build-classpath", f"-Dmdep.outputFile={jars}"]
        command.run([*MAVEN, *words], cwd=folder, timeout_s=INSTALL_WITHIN_S)
        classes = [str(JAVA_BUILT / name) for name in ("classes", "test-classes")]
        path = os.pathsep.join([*classes, jars.read_text().strip()])
        (JAVA_BUILT / "classpath").write_text(f"-cp\n{path}\n")

    sources = sorted((folder / "src").rglob("*.java"))
    once(JAVA_BUILT / "stamp", [folder / "pom.xml", *sources, version], build)
