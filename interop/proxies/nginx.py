"""Runs nginx with a file of ours."""

import os
from pathlib import Path

from proxy import Proxy

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


def start(ours: str, port: int, folder: Path) -> Proxy:
    """Starts it with this text of ours."""
    (folder / "hallpass.conf").write_text(ours)
    # Its workers would otherwise run as somebody who may not look into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    return Proxy(["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"], port, folder)
