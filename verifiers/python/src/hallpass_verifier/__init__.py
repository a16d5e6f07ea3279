"""Checks access tokens in front of an API (RFC 9068, RFC 6750), and hears within a second when
one has died. A request costs no network call."""

from .asgi import AsgiGuard
from .rejection import Rejection
from .timing import SystemClock, Timing
from .token import Claims
from .verifier import Caller, Verifier
from .wsgi import WsgiGuard

__all__ = [
    "AsgiGuard",
    "Caller",
    "Claims",
    "Rejection",
    "SystemClock",
    "Timing",
    "Verifier",
    "WsgiGuard",
]
