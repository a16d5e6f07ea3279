#!/usr/bin/env python3
"""Builds the Debian package around a binary and looks at it as an administrator would: what is in
it, what lintian says, what installing it into a root of its own does, and whether the unit's own
command then answers. Standard library only."""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

PACKAGING = Path(__file__).resolve().parent.parent
WITHIN_S = 60.0

# Of systemd-analyze security, in tenths: where the unit is, and no worse.
EXPOSURE_AT_MOST = 15

# Files that must be there, with their permissions.
FILES = {
    "./usr/bin/hallpass": "-rwxr-xr-x",
    "./usr/sbin/hallpassctl": "-rwxr-xr-x",
    "./etc/hallpass/hallpass.toml": "-rw-r--r--",
    "./lib/systemd/system/hallpass.service": "-rw-r--r--",
    "./usr/lib/sysusers.d/hallpass.conf": "-rw-r--r--",
    "./usr/lib/tmpfiles.d/hallpass.conf": "-rw-r--r--",
    "./usr/share/man/man8/hallpass.8.gz": "-rw-r--r--",
    "./usr/share/man/man8/hallpassctl.8.gz": "-rw-r--r--",
    "./usr/share/bash-completion/completions/hallpass": "-rw-r--r--",
    "./usr/share/zsh/vendor-completions/_hallpass": "-rw-r--r--",
    "./usr/share/fish/vendor_completions.d/hallpass.fish": "-rw-r--r--",
    "./usr/share/doc/hallpass/copyright": "-rw-r--r--",
    "./usr/share/doc/hallpass/docs/operating.md": "-rw-r--r--",
    "./usr/share/doc/hallpass/examples/hallpass-gateway.service": "-rw-r--r--",
    "./usr/share/doc/hallpass/examples/gateway-nginx.conf": "-rw-r--r--",
}

# There is no bug report of Debian that asks for it.
NOT_FOR_US = "initial-upload-closes-no-bugs"


def run(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """Runs a program that must succeed, and returns what it says."""
    command = [str(word) for word in words]
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"`{shlex.join(command)}` ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def expect(holds: bool, what: str) -> None:
    """Ends the check if something does not hold."""
    if not holds:
        raise SystemExit(f"not so: {what}")


def build(binary: Path, folder: Path) -> Path:
    """Two packages of one binary, which must be the same."""
    packages = []
    for name in ("one", "two"):
        (folder / name).mkdir()
        said = run(PACKAGING / "debian/build.sh", binary, folder / name, "gzip", "1")
        packages.append(Path(said.splitlines()[-1]))
    one, two = packages
    expect(one.read_bytes() == two.read_bytes(), "the same binary gives the same package")
    return one


def inspect(package: Path, binary: Path) -> None:
    """What is in it, without installing it."""
    version = run(binary, "--version").split()[1]
    expect(run("dpkg-deb", "-f", package, "Version").strip() == f"{version}-1", "the version")
    depends = run("dpkg-deb", "-f", package, "Depends")
    expect(re.search(r"libc6 \(>= 2\.\d+\)", depends) is not None, f"libc6 in {depends}")
    listed = {}
    for line in run("dpkg-deb", "-c", package).splitlines():
        mode, owner, *_, path = line.split(maxsplit=5)
        listed[path] = mode
        expect(owner == "root/root", f"{path} belongs to root")
    for path, mode in FILES.items():
        expect(listed.get(path) == mode, f"{path} is {mode}, not {listed.get(path)}")
    said = run("lintian", "--allow-root", "--suppress-tags", NOT_FOR_US, package)
    findings = [line for line in said.splitlines() if line[:2] in ("E:", "W:")]
    expect(not findings, "lintian is content: " + "; ".join(findings))


def read_manual(binary: Path) -> None:
    """Every command has its place in the manual page."""
    page = (PACKAGING / "debian/hallpass.8").read_text().replace("\\-", "-")
    section = page.split(".SH COMMANDS")[1].split(".SH")[0]
    named = set(re.findall(r"^\.BR? (\S+)", section, re.MULTILINE))
    listing = run(binary, "--help").split("Commands:")[1].split("Options:")[0]
    known = set(re.findall(r"^  ([a-z-]+) ", listing, re.MULTILINE))
    expect(named == known, f"hallpass.8 names the commands; they differ in {named ^ known}")


class Root:
    """A root directory of its own, with nothing in it but a dpkg database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in ("info", "updates", "triggers"):
            (path / "var/lib/dpkg" / folder).mkdir(parents=True)
        (path / "var/lib/dpkg/status").touch()
        (path / "etc").mkdir()

    def dpkg(self, *words: str | Path) -> str:
        """dpkg on this root. Its scripts run outside of it (DPKG_ROOT): there is no shell inside."""
        forced = ("--force-script-chrootless", "--force-depends")
        return run("dpkg", f"--root={self.path}", *forced, *words)

    def __truediv__(self, path: str) -> Path:
        return self.path / path

    def account(self) -> tuple[int, int]:
        """The ids of the account that the package made."""
        for line in (self / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == "hallpass":
                return int(uid), int(gid)
        raise SystemExit("not so: the package makes an account")


def check_unit(root: Root, folder: Path, path: str) -> list[str]:
    """A unit as it was installed; returns its command."""
    text = (root / path).read_text()
    # The binary is where the root is.
    unit = folder / Path(path).name
    unit.write_text(text.replace("=/usr/bin/hallpass", f"={root / 'usr/bin/hallpass'}"))
    said = run("systemd-analyze", "verify", "--man=no", unit)
    expect(said.strip() == "", f"systemd has nothing to say about the unit: {said}")
    run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_AT_MOST}", unit)
    command = re.search(r"^ExecStart=(.+)$", text, re.MULTILINE)
    expect(command is not None, "the unit has a command")
    return [str(root / word[1:]) if word[0] == "/" else word for word in shlex.split(command[1])]


def serve(root: Root, command: list[str], folder: Path) -> None:
    """Does what systemd would do with the unit: account, credential, notification."""
    uid, gid = root.account()
    credentials = folder / "credentials"
    credentials.mkdir()
    key = credentials / "hallpass-master-key"
    shutil.copy(root / "etc/hallpass/master.key", key)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(folder / "notify"))
    manager.settimeout(WITHIN_S)
    for path in (credentials, key, folder / "notify"):
        os.chown(path, uid, gid)
    env = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "NOTIFY_SOCKET": str(folder / "notify"),
        # All else is as the package has it.
        "HALLPASS_DATA_DIR": str(root / "var/lib/hallpass"),
        "HALLPASS_LISTEN": "127.0.0.1:0",
        "HALLPASS_METRICS_LISTEN": "127.0.0.1:0",
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=env, cwd="/", user=uid, group=gid, extra_groups=[], umask=0o077,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )
    try:
        try:
            ready = manager.recv(500).decode()
        except TimeoutError:
            raise SystemExit(f"not so: it becomes ready:\n{log.read_text()}") from None
        expect(ready.startswith("READY=1\nSTATUS=Answers at "), f"it is ready: {ready}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{ready.split()[-1]}/readyz", timeout=10) as answer:
            expect(json.load(answer)["status"] == "ready", "it answers")
        process.send_signal(signal.SIGTERM)
        expect(manager.recv(500).decode().startswith("STOPPING=1\n"), "it says that it closes")
        expect(process.wait(WITHIN_S) == 0, "it ends well")
    finally:
        process.kill()
        process.wait()
    database = root / "var/lib/hallpass/hallpass.db"
    expect(database.stat().st_uid == uid, "the database belongs to the account")
    expect(stat.S_IMODE(database.stat().st_mode) & 0o077 == 0, "nobody else reads it")


def install(package: Path, folder: Path) -> None:
    """Installs, runs, installs again, removes, purges."""
    root = Root(folder / "root")
    root.dpkg("--install", package)
    key = root / "etc/hallpass/master.key"
    expect(stat.S_IMODE(key.stat().st_mode) == 0o600, "the master key is root's alone")
    made = key.read_text()
    expect(re.fullmatch(r"[A-Za-z0-9_-]{43}", made) is not None, "a master key of 32 bytes")
    check_unit(root, folder, "usr/share/doc/hallpass/examples/hallpass-gateway.service")
    serve(root, check_unit(root, folder, "lib/systemd/system/hallpass.service"), folder)
    settings = root / "etc/hallpass/hallpass.toml"
    settings.write_text(settings.read_text() + "heartbeat_ms = 500\n")
    root.dpkg("--install", package)
    expect(key.read_text() == made, "an upgrade keeps the master key")
    expect("heartbeat_ms" in settings.read_text(), "an upgrade keeps the settings")
    root.dpkg("--remove", "hallpass")
    expect(not (root / "usr/bin/hallpass").exists(), "removing takes the binary")
    expect(settings.exists(), "removing leaves the settings")
    said = root.dpkg("--purge", "hallpass")
    expect("Kept: /etc/hallpass/master.key" in said, "purging says what it keeps")
    expect(not settings.exists(), "purging takes the settings")
    expect(key.read_text() == made, "purging leaves the master key")
    expect((root / "var/lib/hallpass/hallpass.db").exists(), "purging leaves the database")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hallpass", type=Path, required=True, help="the binary to package")
    binary = parser.parse_args().hallpass.resolve()
    folder = Path(tempfile.mkdtemp(prefix="hallpass-deb-"))
    # The server's own account looks in here.
    folder.chmod(0o755)
    try:
        read_manual(binary)
        package = build(binary, folder)
        inspect(package, binary)
        if os.geteuid() == 0:
            install(package, folder)
            print("The package is sound, and what it installs runs.")
        else:
            print("The package is sound. Not tested, since only root can: installing it.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
