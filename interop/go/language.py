"""Go: programs built from the modules of go.sum."""

import os
import platform
import re
from pathlib import Path

from harness import command
from harness.cache import once
from harness.cases import CLIENT, EXT_AUTHZ, VERIFIER
from harness.languages import CACHE, INTEROP, Peer

NAME = "go"
FOLDER = INTEROP / NAME
BUILT = CACHE / NAME
BUILD_WITHIN_S = 600.0

# Since this release Go fetches by itself the toolchain that go.mod names.
FETCHES_ITSELF = (1, 21)


def _peer(library: str, program: str, kind: str = CLIENT) -> Peer:
    return Peer(library, [BUILT / program], (kind,), source=FOLDER / program / "main.go")


PEERS = [
    _peer("x/oauth2", "clientcredentials"),
    _peer("coreos/go-oidc (x/oauth2)", "gooidc"),
    _peer("zitadel/oidc", "zitadel"),
    _peer("prometheus/common", "prometheus"),
    _peer("go-resty (x/oauth2)", "resty"),
    _peer("golang-jwt", "golangjwt", VERIFIER),
    _peer("lestrrat-go/jwx", "jwx", VERIFIER),
    _peer("go-jose", "gojose", VERIFIER),
    _peer("coreos/go-oidc", "gooidcjwt", VERIFIER),
    _peer("hashicorp/cap", "capjwt", VERIFIER),
    _peer("auth0/go-jwt-middleware", "gojwtmiddleware", VERIFIER),
    _peer("envoy-grpc", "extauthz", EXT_AUTHZ),
]


def prepare() -> None:
    """Builds anew when a program, a pin or Go has changed."""
    version = command.run(["go", "version"], cwd=FOLDER, timeout_s=20)

    def build() -> None:
        go = _go(version)
        BUILT.mkdir(parents=True, exist_ok=True)
        # `-mod=readonly`: a go.sum that is behind fails here, instead of being rewritten.
        words = [go, "build", "-mod=readonly", "-buildvcs=false", "-o", BUILT, "./..."]
        env = _env("auto")
        if go != "go":
            # It would point to the standard library of the other one.
            env.pop("GOROOT", None)
        command.run(words, cwd=FOLDER, timeout_s=BUILD_WITHIN_S, env=env)

    sources = sorted(FOLDER.rglob("*.go"))
    once(BUILT / "stamp", [FOLDER / "go.mod", FOLDER / "go.sum", *sources, version], build)


def _env(toolchain: str) -> dict[str, str]:
    return os.environ | {"GOTOOLCHAIN": toolchain, "GOFLAGS": ""}


def _go(version: str) -> str | Path:
    """A `go` that can build the programs. Distributions may have one that is too old even to
    fetch a newer one by itself; to it, the official toolchain is a module like any other, checked
    against Go's checksum database."""
    found = re.search(r"go(\d+)\.(\d+)", version)
    if found and tuple(map(int, found.groups())) >= FETCHES_ITSELF:
        return "go"
    wanted = re.search(r"^go (\S+)$", (FOLDER / "go.mod").read_text(), re.MULTILINE)
    if wanted is None:
        raise command.CommandError("go.mod names no version of Go")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"golang.org/toolchain@v0.0.1-go{wanted[1]}.{platform.system().lower()}-{machine}"
    words = ["go", "mod", "download", name]
    command.run(words, cwd=BUILT.parent, timeout_s=BUILD_WITHIN_S, env=_env("local"))
    cache = command.run(["go", "env", "GOMODCACHE"], cwd=BUILT.parent, timeout_s=20).strip()
    root = Path(cache) / name
    # The module cache keeps everything read-only, programs as well.
    for program in [*root.glob("bin/*"), *root.glob("pkg/tool/*/*")]:
        program.chmod(0o755)
    return root / "bin" / "go"
