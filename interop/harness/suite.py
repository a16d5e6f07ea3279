"""Runs the peers one after the other: none of them may slow another one's clock."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import command, world
from harness.books import BooksApi
from harness.cases import names
from harness.installation import Installation
from harness.languages import Language, Peer
from harness.verdict import FAILED, Reading, Row, redact

PEER_WITHIN_S = 30.0


def run_language(
    language: Language, peers: Sequence[Peer], installation: Installation, books: BooksApi
) -> Iterator[Row]:
    """Prepares a language and runs these peers of it."""
    try:
        language.prepare()
    except command.CommandError as error:
        why = redact(str(error))
        for peer in peers:
            yield Row(language.NAME, peer.library, "?", "prepare", FAILED, why)
        return
    for peer in peers:
        yield from run_peer(language, peer, installation, books)


def run_peer(
    language: Language, peer: Peer, installation: Installation, books: BooksApi
) -> list[Row]:
    """Runs one peer to its end, or ends it."""
    described = world.describe(peer, installation, books)
    path = installation.folder / f"{language.NAME}-{peer.library.replace('/', '-')}.json"
    world.write(described, path)
    try:
        output, ending = _output(peer, path)
    finally:
        path.unlink()
    reading = Reading.of(output.splitlines())
    if reading.strays and ending:
        ending = f"{ending}: {' '.join(reading.strays[-3:])}"
    place = (language.NAME, peer.library)
    return list(reading.rows(place, names(peer.kinds), world.secrets(described), ending))


def _output(peer: Peer, path: Path) -> tuple[str, str]:
    """What the peer printed, and how it ended if that was not well."""
    words = [str(word) for word in (*peer.command, path)]
    try:
        process = subprocess.Popen(
            words,
            cwd=path.parent,
            env=command.loopback_env(peer.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return "", f"cannot be started: {error}"
    try:
        output, _ = process.communicate(timeout=PEER_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return output, f"ended after {PEER_WITHIN_S:g} s"
    return output, f"ended with {process.returncode}" if process.returncode else ""
