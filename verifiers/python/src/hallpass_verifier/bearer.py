"""Reads the access token out of an `Authorization` header (RFC 6750 §2.1), and out of nothing
else (RFC 9700 §4.3.2)."""

import re

from .rejection import Rejection

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def parse(authorization: str | None) -> str:
    """The token. Raises Rejection."""
    if authorization is None:
        raise Rejection("no_token")
    scheme, _, rest = authorization.partition(" ")
    if not scheme:
        raise Rejection("invalid_request", "the Authorization header names no scheme")
    if scheme.lower() != "bearer":
        raise Rejection("other_scheme")
    token = rest.lstrip(" ")
    if not _B64TOKEN.fullmatch(token):
        raise Rejection("invalid_request", "no b64token follows the scheme Bearer")
    return token


def only(values: list[str]) -> str | None:
    """The only `Authorization` header. Raises Rejection when there are several: each of two
    readers could believe another one."""
    if len(values) > 1:
        raise Rejection("invalid_request", "several Authorization headers")
    return values[0] if values else None
