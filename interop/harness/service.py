"""A server that runs beside the suite: ready when it answers, ended by its own pid."""

import random
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

READY_WITHIN_S = 20.0
END_WITHIN_S = 10.0

# Below what the kernel hands out to outgoing connections, so that none of those takes the port
# between choosing and listening.
PORTS = range(20_000, 32_000)


class ServiceError(Exception):
    """A server that does not start."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServiceError("there is no free port on 127.0.0.1")


class Service:
    """A running server; as a context manager, ended with its block."""

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        ready: str,
        log: Path,
        env: Mapping[str, str],
    ) -> None:
        """Starts it, and waits until `ready` answers anything but a server's error."""
        self.name = Path(words[0]).name
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                cwd=log.parent,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self._wait_for(ready)
        except BaseException:
            self.end()
            raise

    def _wait_for(self, ready: str) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise ServiceError(f"{self.name} ended at once:\n{self.tail()}")
            try:
                with opener.open(ready, timeout=1):
                    return
            except urllib.error.HTTPError as answer:
                if answer.code < 500:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise ServiceError(f"{self.name} is not ready after {READY_WITHIN_S:g} s:\n{self.tail()}")

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def end(self) -> None:
        """Ends it, kindly at first."""
        self.process.terminate()
        try:
            self.process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Service":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
