"""authlib.jose, which many services still verify by."""

import importlib.metadata
import warnings
from typing import Any

warnings.simplefilter("ignore")  # It says that joserfc comes after it.

# example
from authlib.jose import JsonWebKey, JsonWebToken, KeySet


def verified(token: str, keys: KeySet, issuer: str, audience: str, algorithm: str):
    must = {"exp": {"essential": True}, "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience}}
    claims = JsonWebToken([algorithm]).decode(token, keys, claims_options=must)
    claims.validate()  # keys = JsonWebKey.import_key_set(jwks)
    if claims.header.get("typ") != "at+jwt":
        raise ValueError("it is no access token")
    return claims
# end


import peer
import verifying
from authlib.jose.errors import JoseError
from keys import Fetched
from peer import World

KEYS = Fetched(JsonWebKey.import_key_set)


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = KEYS.for_token(world.jwks_uri, token)
    claims = verified(token, keys, world.issuer, audience, algorithm)
    return claims.header, dict(claims)


# An unknown kid is a ValueError.
peer.run(importlib.metadata.version("authlib"), verifying.cases(verify, (JoseError, ValueError)))
