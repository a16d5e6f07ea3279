"""Caddy that asks the gateway, with `packaging/proxy/gateway.Caddyfile`."""

import re
import subprocess
from pathlib import Path

import peer
from gateway import HOST, Places, cases
from proxy import Proxy, filled

# Neither certificates from elsewhere nor the administration's port: nothing but ours.
AROUND = "{\n\tadmin off\n\tauto_https off\n}\n"


def start(places: Places, folder: Path) -> Proxy:
    tls = f"\n\tbind 127.0.0.1\n\ttls {places.certificate} {places.key}"
    ours = filled(
        "gateway.Caddyfile",
        {
            "\napi.example.com {": f"\nhttps://{HOST}:{places.port} {{{tls}",
            "forward_auth 127.0.0.1:8440 ": f"forward_auth {places.gateway} ",
            "reverse_proxy 127.0.0.1:8440\n": f"reverse_proxy {places.gateway}\n",
            "127.0.0.1:8080": places.api,
        },
    )
    (folder / "Caddyfile").write_text(AROUND + ours)
    words = ["env", f"HOME={folder}", "caddy", "run", "--adapter", "caddyfile"]
    return Proxy([*words, "--config", str(folder / "Caddyfile")], places.port, folder)


said = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout
peer.run(re.search(r"[\d.]+", said).group(), cases(start))
