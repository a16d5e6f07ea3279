"""Authlib over httpx, which can speak HTTP/2."""

import importlib.metadata
import os

from authlib.integrations.httpx_client import OAuth2Client

import peer
from authlib_cases import Cases
from peer import World

# Loopback only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def http2(world: World) -> None:
    """Without TLS there is no negotiation: HTTP/2 alone, from the first byte."""
    versions = []
    hooks = {"response": [lambda answer: versions.append(answer.http_version)]}
    client_id, secret = world.login()
    client = OAuth2Client(client_id, secret, http1=False, http2=True, event_hooks=hooks)
    token = client.fetch_token(world.token_endpoint, grant_type="client_credentials")
    peer.expect_token(world, token)
    peer.expect_equal("HTTP version", versions, ["HTTP/2"])


CASES = Cases(lambda **more: OAuth2Client(timeout=5, trust_env=False, **more), http2)

peer.run(importlib.metadata.version("authlib"), CASES.table())
