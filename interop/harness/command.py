"""Runs another program to its end: bounded in time, quiet unless it fails."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")


class CommandError(Exception):
    """A program that cannot be started, fails, or takes too long. Its text has no secret."""


def run(
    words: Sequence[str | Path],
    *,
    cwd: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
) -> str:
    """Its stdout."""
    shown = shlex.join(str(word) for word in words)
    try:
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{words[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{shown}` took more than {timeout_s:g} s") from error
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise CommandError(f"`{shown}` ended with {done.returncode}:\n{tail}")
    return done.stdout


def loopback_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for what only talks to this machine: no proxy, no settings of Hallpass."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in PROXIES and not name.startswith("HALLPASS_")
    }
    return env | {"NO_PROXY": "*", "no_proxy": "*"} | dict(extra or {})
