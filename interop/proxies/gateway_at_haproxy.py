"""HAProxy in front of the gateway in direct mode, with `packaging/proxy/gateway-haproxy.cfg`."""

import re
import subprocess
from pathlib import Path

import peer
from gateway import Places, cases
from proxy import Proxy, filled


def start(places: Places, folder: Path) -> Proxy:
    both = folder / "api.pem"
    both.write_text(places.certificate.read_text() + places.key.read_text())
    ours = filled(
        "gateway-haproxy.cfg",
        {
            "server gateway1 127.0.0.1:8440 ": f"server gateway1 {places.gateway} ",
            "check port 8441 ": f"check port {places.health.rpartition(':')[2]} ",
            "bind :443 ": f"bind 127.0.0.1:{places.port} ",
            "/etc/haproxy/api.pem": str(both),
        },
    )
    (folder / "haproxy.cfg").write_text(ours)
    return Proxy(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], places.port, folder)


said = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout
peer.run(re.search(r"[\d.]+", said).group(), cases(start, direct=True))
