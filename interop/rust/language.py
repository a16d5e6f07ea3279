"""Rust: a workspace of its own, built from its Cargo.lock."""

import os

from harness import command
from harness.cache import once
from harness.cases import CLIENT, VERIFIER
from harness.languages import CACHE, INTEROP, Peer

NAME = "rust"
FOLDER = INTEROP / NAME
BUILT = CACHE / NAME
BUILD_WITHIN_S = 900.0


def _peer(name: str, kind: str = CLIENT) -> Peer:
    source = FOLDER / "src" / "bin" / f"{name}.rs"
    return Peer(name, [BUILT / "debug" / name], (kind,), source=source)


PEERS = [_peer("oauth2"), _peer("openidconnect"), _peer("jsonwebtoken", VERIFIER)]


def prepare() -> None:
    """Builds anew when a source, a pin or Rust has changed."""
    cargo = os.environ.get("CARGO", "cargo")
    version = command.run([cargo, "--version"], cwd=FOLDER, timeout_s=20)

    def build() -> None:
        # Whatever it is that this suite was built into, the peers have a place of their own.
        env = {**os.environ, "CARGO_TARGET_DIR": str(BUILT), "CARGO_INCREMENTAL": "0"}
        words = [cargo, "build", "--quiet", "--locked"]
        command.run(words, cwd=FOLDER, timeout_s=BUILD_WITHIN_S, env=env)

    pins = [FOLDER / "Cargo.toml", FOLDER / "Cargo.lock"]
    once(BUILT / "stamp", [*pins, *sorted(FOLDER.rglob("src/**/*.rs")), version], build)
