"""joserfc, on which Authlib's own JWT support now stands."""

import importlib.metadata
import json
import urllib.request
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

import peer
import verifying
from peer import World


@cache
def keys(jwks_uri: str) -> KeySet:
    with urllib.request.urlopen(jwks_uri, timeout=5) as answer:
        return KeySet.import_key_set(json.load(answer))


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    decoded = jwt.decode(token, keys(world.jwks_uri), algorithms=[algorithm])
    required = {name: {"essential": True} for name in ("exp", "iat", "sub", "jti", "client_id")}
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": world.issuer},
        aud={"essential": True, "value": audience},
        **required,
    )
    rules.validate(decoded.claims)
    return decoded.header, decoded.claims


# An unknown kid is a ValueError in joserfc.
peer.run(importlib.metadata.version("joserfc"), verifying.cases(verify, (JoseError, ValueError)))
