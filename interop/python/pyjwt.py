"""PyJWT with its JWKS client."""

import importlib.metadata
from functools import cache
from typing import Any

import jwt

import peer
import verifying
from peer import World


@cache
def keys(jwks_uri: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(jwks_uri, timeout=5)


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    key = keys(world.jwks_uri).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=audience,
        issuer=world.issuer,
        options={"require": ["iss", "aud", "exp", "iat", "sub", "jti"], "strict_aud": True},
    )
    return jwt.get_unverified_header(token), claims


peer.run(importlib.metadata.version("pyjwt"), verifying.cases(verify, jwt.PyJWTError))
