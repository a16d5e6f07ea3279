"""nginx with `packaging/proxy/nginx.conf`."""

import os
import re
import subprocess
from pathlib import Path

import peer
from proxy import Proxy, Setup, cases, filled

# What the distribution's own nginx.conf is around ours: no more than it needs to run anywhere.
AROUND = """
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/nginx.pid;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/hallpass.conf;
}}
"""


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
    (folder / "hallpass.conf").write_text(ours)
    # Its workers would otherwise run as somebody who may not look into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    return Proxy(["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"], setup.port, folder)


said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
peer.run(re.search(r"[\d.]+", said).group(), cases(start, answers_early_over_http2=True))
