"""HAProxy with `packaging/proxy/haproxy.cfg`."""

import re
import subprocess
from pathlib import Path

import peer
from proxy import Proxy, Setup, cases, filled


def start(setup: Setup, folder: Path) -> Proxy:
    both = folder / "hallpass.pem"
    both.write_text(setup.certificate.read_text() + setup.key.read_text())
    ours = filled(
        "haproxy.cfg",
        {
            "server node1 127.0.0.1:8420 ": f"server node1 {setup.server} ",
            "bind :443 ": f"bind 127.0.0.1:{setup.port} ",
            "/etc/haproxy/hallpass.pem": str(both),
        },
    )
    (folder / "haproxy.cfg").write_text(ours)
    return Proxy(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], setup.port, folder)


said = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout
# HAProxy 2.6 resets a stream of HTTP/2 that it answers early, and the answer is lost.
peer.run(re.search(r"[\d.]+", said).group(), cases(start, answers_early_over_http2=False))
