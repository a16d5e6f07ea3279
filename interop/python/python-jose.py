"""python-jose: old, and in much of what FastAPI's users have copied."""

import importlib.metadata
from typing import Any

# example
from jose import JWTError, jwt


def verified(token: str, jwks: dict[str, Any], issuer: str, audience: str, algorithm: str):
    header = jwt.get_unverified_header(token)
    keys = [key for key in jwks["keys"] if key["kid"] == header.get("kid")]
    if header.get("typ") != "at+jwt" or not keys:
        raise JWTError("no access token, or of no known key")
    options = {"require_exp": True, "require_iss": True, "require_aud": True}
    return jwt.decode(token, keys[0], algorithms=[algorithm], audience=audience, issuer=issuer,
                      options=options)
# end


import peer
import verifying
from keys import Fetched
from peer import World

KEYS = Fetched(lambda document: document)


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = KEYS.for_token(world.jwks_uri, token)
    claims = verified(token, keys, world.issuer, audience, algorithm)
    return jwt.get_unverified_header(token), claims


TABLE = verifying.cases(verify, JWTError, algorithms=("ES256", "RS256"))

peer.run(importlib.metadata.version("python-jose"), TABLE)
