"""Authlib over requests."""

import importlib.metadata
import os
from typing import Any

# example
from authlib.integrations.requests_client import OAuth2Session


def client(endpoint: str, client_id: str, client_secret: str, **more: Any) -> OAuth2Session:
    fixed = {"token_endpoint": endpoint, "grant_type": "client_credentials"}
    return OAuth2Session(client_id, client_secret, default_timeout=5, **fixed, **more)
    # client.fetch_token(); client.get("https://api.example.com/v1/books")  # and it renews
# end


import authlib_cases
import peer

# Loopback only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

TABLE = authlib_cases.table(client, "requests speaks HTTP/1.1 only")

peer.run(importlib.metadata.version("authlib"), TABLE)
