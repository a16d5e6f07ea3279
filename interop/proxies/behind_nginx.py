"""nginx with `packaging/proxy/nginx.conf`."""

import re
import subprocess
from pathlib import Path

import nginx
import peer
from proxy import Proxy, Setup, cases, filled

def start(setup: Setup, folder: Path) -> Proxy:
    ours = filled(
        "nginx.conf",
        {
            "server 127.0.0.1:8420 ": f"server {setup.server} ",
            "listen 443 ": f"listen 127.0.0.1:{setup.port} ",
            "/etc/hallpass/tls.crt": str(setup.certificate),
            "/etc/hallpass/tls.key": str(setup.key),
        },
    )
    return nginx.start(ours, setup.port, folder)


said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
peer.run(re.search(r"[\d.]+", said).group(), cases(start, answers_early_over_http2=True))
