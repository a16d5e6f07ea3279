"""Runs the peers: clients and proxies a few at a time, then all verifiers through one rotation of
the signing keys."""

import itertools
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness import command, world
from harness.books import BooksApi
from harness.cases import GUARD, VERIFIER, names
from harness.installation import Installation
from harness.languages import Language, Peer
from harness.rotation import Rotation
from harness.verdict import FAILED, Reading, Row, redact

# More would slow each other's clocks: a death must be seen within a second.
AT_ONCE = 3
PREPARED_AT_ONCE = 2
PEER_WITHIN_S = 60.0
VERIFIER_WITHIN_S = 180.0
# It starts and stops servers, and waits until verifiers are blind.
GUARD_WITHIN_S = 300.0


@dataclass
class Suite:
    """The running servers, and what has been learnt from the peers."""

    installation: Installation
    books: BooksApi
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def run(self, chosen: Sequence[tuple[Language, Sequence[Peer]]]) -> list[Row]:
        """Everything that was asked for, in the order of the languages."""
        expired = ExpiredToken(self.installation)
        with ThreadPoolExecutor(PREPARED_AT_ONCE) as preparing:
            clients = [
                preparing.submit(self._language, language, peers) for language, peers in chosen
            ]
            done = [rows for future in clients for rows in future.result()]
        broken = {row.language for rows in done for row in rows if row.case == "prepare"}
        verifiers = [
            (language, peer)
            for language, peers in chosen
            for peer in peers
            if VERIFIER in peer.kinds and language.NAME not in broken
        ]
        if verifiers:
            done += self._verifiers(verifiers, expired)
        order = {language.NAME: at for at, (language, _) in enumerate(chosen)}
        rows = [row for rows in done for row in rows]
        return sorted(rows, key=lambda row: order[row.language])

    def _language(self, language: Language, peers: Sequence[Peer]) -> list[list[Row]]:
        """Prepares a language, and runs its peers but for the verifiers."""
        started = time.monotonic()
        try:
            language.prepare()
        except command.CommandError as error:
            why = redact(str(error))
            return [[Row(language.NAME, p.library, "?", "prepare", FAILED, why)] for p in peers]
        prepared = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            runs: list[Future[list[Row]]] = [
                pool.submit(self._in_turn, language, peer, kind)
                for peer in peers
                for kind in peer.kinds
                if kind != VERIFIER
            ]
            rows = [run.result() for run in runs]
        took = time.monotonic() - prepared
        print(f"{language.NAME}: prepared in {prepared - started:.1f} s, ran for {took:.1f} s",
              flush=True)
        return rows

    def _in_turn(self, language: Language, peer: Peer, kind: str) -> list[Row]:
        with self._slots:
            within_s = GUARD_WITHIN_S if kind == GUARD else PEER_WITHIN_S
            return self._peer(language, peer, kind, within_s, {})

    def _verifiers(
        self, verifiers: Sequence[tuple[Language, Peer]], expired: "ExpiredToken"
    ) -> list[list[Row]]:
        """All at once, so that one rotation of the keys is seen by all of them."""
        started = time.monotonic()
        rotation = Rotation(self.installation, len(verifiers))
        # Waiting for it here spares every peer a wait of its own.
        more = {"expired_token": expired.wait()}
        with ThreadPoolExecutor(len(verifiers)) as pool:
            runs = []
            for language, peer in verifiers:
                turn = rotation.place()
                run = pool.submit(
                    self._peer, language, peer, VERIFIER, VERIFIER_WITHIN_S, more | turn.described
                )
                run.add_done_callback(lambda _, turn=turn: turn.ended())
                runs.append(run)
            rotation.run()
            rows = [run.result() for run in runs]
        print(f"verifiers: {len(verifiers)} in {time.monotonic() - started:.1f} s", flush=True)
        return rows

    def _peer(
        self, language: Language, peer: Peer, kind: str, within_s: float, more: dict[str, str]
    ) -> list[Row]:
        """Runs one peer to its end, or ends it."""
        number = next(self.numbers)
        described = world.describe(peer, kind, number, self.installation, self.books) | more
        path = self.installation.folder / f"peer-{number}.json"
        world.write(described, path)
        try:
            output, ending = _output([*peer.command, path], path.parent, peer, within_s)
        finally:
            path.unlink()
        reading = Reading.of(output.splitlines())
        if reading.strays and ending:
            ending = f"{ending}: {' '.join(reading.strays[-3:])}"
        place = (language.NAME, peer.library)
        return list(reading.rows(place, names([kind]), world.secrets(described), ending))


class ExpiredToken:
    """A token that is good but for its age: fetched first, so that others need not wait."""

    def __init__(self, installation: Installation) -> None:
        """Fetches it."""
        self.token, self.expires_at = installation.short_lived_token()

    def wait(self) -> str:
        """The token, once it has expired."""
        time.sleep(max(0.0, self.expires_at + 1 - time.time()))
        return self.token


def _output(words: Iterable[object], folder: Path, peer: Peer, within_s: float) -> tuple[str, str]:
    """What the peer printed, and how it ended if that was not well."""
    strings = [str(word) for word in words]
    try:
        process = subprocess.Popen(
            strings,
            cwd=peer.cwd or folder,
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
        output, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return output, f"ended after {within_s:g} s"
    return output, f"ended with {process.returncode}" if process.returncode else ""
