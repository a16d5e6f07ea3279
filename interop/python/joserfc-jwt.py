"""joserfc, on which Authlib's own JWT support now stands."""

import importlib.metadata
from typing import Any

# example
from joserfc import jwt
from joserfc.jwk import KeySet


def verified(token: str, keys: KeySet, issuer: str, audience: str, algorithm: str) -> jwt.Token:
    read = jwt.decode(token, keys, algorithms=[algorithm])  # keys = KeySet.import_key_set(jwks)
    must = {name: {"essential": True} for name in ("exp", "iat", "sub", "jti", "client_id")}
    must["iss"] = {"essential": True, "value": issuer}
    must["aud"] = {"essential": True, "value": audience}
    jwt.JWTClaimsRegistry(**must).validate(read.claims)
    if read.header.get("typ") != "at+jwt":
        raise ValueError("it is no access token")
    return read
# end


import peer
import verifying
from joserfc.errors import JoseError
from keys import Fetched
from peer import World

KEYS = Fetched(KeySet.import_key_set)


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = KEYS.for_token(world.jwks_uri, token)
    read = verified(token, keys, world.issuer, audience, algorithm)
    return read.header, read.claims


# An unknown kid is a ValueError in joserfc.
peer.run(importlib.metadata.version("joserfc"), verifying.cases(verify, (JoseError, ValueError)))
