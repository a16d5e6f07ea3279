"""PyJWT with its JWKS client."""

import importlib.metadata
from functools import cache
from typing import Any

# example
import jwt


def verified(token: str, keys: jwt.PyJWKClient, issuer: str, audience: str, algorithm: str):
    key = keys.get_signing_key_from_jwt(token)  # keys = jwt.PyJWKClient(jwks_uri)
    required = ["iss", "aud", "exp", "iat", "sub", "jti"]
    options = {"require": required, "strict_aud": True}
    read = jwt.decode_complete(token, key, algorithms=[algorithm], audience=audience,
                               issuer=issuer, options=options)
    if read["header"].get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("it is no access token")
    return read
# end


import peer
import verifying
from peer import World


@cache
def keys(jwks_uri: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(jwks_uri, timeout=5)


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    read = verified(token, keys(world.jwks_uri), world.issuer, audience, algorithm)
    return read["header"], read["payload"]


peer.run(importlib.metadata.version("pyjwt"), verifying.cases(verify, jwt.PyJWTError))
