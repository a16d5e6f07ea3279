"""Authlib over httpx, which can speak HTTP/2."""

import importlib.metadata
import os
from typing import Any

# example
from authlib.integrations.httpx_client import OAuth2Client


def client(endpoint: str, client_id: str, client_secret: str, **more: Any) -> OAuth2Client:
    fixed = {"token_endpoint": endpoint, "grant_type": "client_credentials"}
    return OAuth2Client(client_id, client_secret, timeout=5, **fixed, **more)
    # client.fetch_token(); client.get("https://api.example.com/v1/books")  # and it renews
# end


import authlib_cases
import peer
from peer import World

# Loopback only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def http2(world: World) -> None:
    """Without TLS there is no negotiation: HTTP/2 alone, from the first byte."""
    versions = []
    hooks = {"response": [lambda answer: versions.append(answer.http_version)]}
    speaking = client(world.token_endpoint, *world.login(), http1=False, http2=True,
                      event_hooks=hooks)
    peer.expect_token(world, speaking.fetch_token())
    peer.expect_equal("HTTP version", versions, ["HTTP/2"])


peer.run(importlib.metadata.version("authlib"), authlib_cases.table(client, http2))
