"""nginx that asks the gateway, with `packaging/proxy/gateway-nginx.conf`."""

import re
import subprocess
from pathlib import Path

import nginx
import peer
from gateway import Places, cases
from proxy import Proxy, filled


def start(places: Places, folder: Path) -> Proxy:
    ours = filled(
        "gateway-nginx.conf",
        {
            "server 127.0.0.1:8440;": f"server {places.gateway};",
            "server 127.0.0.1:8080;": f"server {places.api};",
            "listen 443 ": f"listen 127.0.0.1:{places.port} ",
            "/etc/hallpass/tls.crt": str(places.certificate),
            "/etc/hallpass/tls.key": str(places.key),
        },
    )
    return nginx.start(ours, places.port, folder)


said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
peer.run(re.search(r"[\d.]+", said).group(), cases(start))
