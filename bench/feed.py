#!/usr/bin/env python3
"""What a verifier on the revocation feed costs the server: memory of an open stream, processor
time of a heartbeat and of a death, and their sizes on the wire. Processor time and memory are the
server's own, as the kernel counts them, so a busy machine spoils them less than it spoils speeds.
Linux, standard library only:

    python3 bench/feed.py --hallpass target/release/hallpass
"""

import argparse
import json
import os
import select
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

AUDIENCE = "https://api.example.com"
REQUEST = b"GET /revocations/stream HTTP/1.1\r\nHost: localhost\r\nUser-Agent: feed.py/1\r\n\r\n"


class Server:
    """A server in a folder of its own."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary = binary
        self.port = free_port()
        self.env = {
            "HALLPASS_DATA_DIR": str(folder),
            "HALLPASS_ISSUER": f"http://127.0.0.1:{self.port}",
            "HALLPASS_LISTEN": f"127.0.0.1:{self.port}",
            "HALLPASS_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "HALLPASS_LOG_LEVEL": "error",
        }
        self.process = subprocess.Popen(
            [binary, "serve"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        while True:
            try:
                self.get("/readyz")
                return
            except OSError:
                if time.monotonic() > until:
                    raise

    def get(self, path: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return bytes(answer.read())

    def command(self, *words: str) -> dict:
        done = subprocess.run(
            [self.binary, "--json", *words], env=self.env, capture_output=True, check=True
        )
        return dict(json.loads(done.stdout))

    def memory_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def cpu_s(self) -> float:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Readers:
    """Open streams, and what came over them."""

    def __init__(self, server: Server, count: int) -> None:
        self.poll = select.epoll()
        self.sockets = {}
        for _ in range(count):
            stream = socket.create_connection(("127.0.0.1", server.port))
            stream.sendall(REQUEST)
            stream.setblocking(False)
            self.poll.register(stream.fileno(), select.EPOLLIN)
            self.sockets[stream.fileno()] = stream

    def read(self, kind: bytes, seconds: float, enough: int) -> tuple[int, int]:
        """Events of a kind, and the bytes of all, until there are enough or the time is up."""
        events = size = 0
        until = time.monotonic() + seconds
        while events < enough and time.monotonic() < until:
            for descriptor, _ in self.poll.poll(0.2):
                chunk = self.sockets[descriptor].recv(65536)
                events += chunk.count(b"event: " + kind)
                size += len(chunk)
        return events, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hallpass", type=Path, required=True)
    parser.add_argument("--readers", type=int, default=4000)
    parser.add_argument("--deaths", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=40.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hallpass-feed-") as folder:
        server = Server(args.hallpass.resolve(), Path(folder))
        try:
            measure(server, args)
        finally:
            server.process.terminate()
            server.process.wait()


def measure(server: Server, args: argparse.Namespace) -> None:
    server.command("organization", "add", "Example Library")
    server.command("api", "add", "Books", "--audience", AUDIENCE, "--scope", "read")
    to = ("--organization", "Example Library", "--api", AUDIENCE)
    doomed = [
        server.command("credential", "add", f"c{n}", *to)["client_id"] for n in range(args.deaths)
    ]
    everything = 1 << 62
    idle = server.memory_bytes()
    began = server.cpu_s()
    threading.Event().wait(args.seconds / 4)
    idle_cpu = (server.cpu_s() - began) / (args.seconds / 4)

    readers = Readers(server, args.readers)
    readers.read(b"heartbeat", 6.0, everything)
    began = server.cpu_s()
    beats, size = readers.read(b"heartbeat", args.seconds, everything)
    spent = server.cpu_s() - began - idle_cpu * args.seconds
    print(f"{args.readers} readers, {beats} heartbeats, load average {os.getloadavg()[0]:.1f}")
    print(f"memory of an open stream: {(server.memory_bytes() - idle) / args.readers:,.0f} bytes")
    print(f"a heartbeat: {size / beats:.0f} bytes, {spent / beats * 1e6:.1f} µs of processor time")

    began = server.cpu_s()
    revoking = threading.Thread(
        target=lambda: [server.command("credential", "revoke", one) for one in doomed]
    )
    revoking.start()
    wanted = args.readers * args.deaths
    deaths, _ = readers.read(b"revocation", 60.0, wanted)
    spent = server.cpu_s() - began
    revoking.join()
    if deaths != wanted:
        raise SystemExit(f"{deaths} deaths came, of {wanted}")
    print(f"a death told to one reader: {spent / deaths * 1e6:.1f} µs of processor time")
    snapshot = server.get("/revocations")
    print(f"an entry of the snapshot: {len(snapshot) / args.deaths:.0f} bytes")
    began = server.command("credential", "add", "last", *to)["client_id"]
    server.command("credential", "revoke", began)
    events, size = readers.read(b"revocation", 5.0, 1)
    print(f"a death on the stream: {size // max(events, 1)} bytes")


if __name__ == "__main__":
    main()
