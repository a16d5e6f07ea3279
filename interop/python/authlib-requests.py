"""Authlib over requests."""

import importlib.metadata
import os

from authlib.integrations.requests_client import OAuth2Session

import peer
from authlib_cases import Cases

# Loopback only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

HTTP2 = peer.not_supported("requests speaks HTTP/1.1 only")
CASES = Cases(lambda **more: OAuth2Session(default_timeout=5, **more), HTTP2)

peer.run(importlib.metadata.version("authlib"), CASES.table())
