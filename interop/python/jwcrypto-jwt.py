"""jwcrypto, the JOSE of FreeIPA and of many Linux distributions."""

import importlib.metadata
import json
from typing import Any

# example
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT


def verified(token: str, keys: JWKSet, issuer: str, audience: str, algorithm: str) -> JWT:
    # keys = JWKSet.from_json(text of the jwks); None: the claim must be there.
    must = {"iss": issuer, "aud": audience, "exp": None, "sub": None, "jti": None}
    read = JWT(check_claims=must, algs=[algorithm], expected_type="JWS")
    read.leeway = 0
    read.deserialize(token, keys)
    if json.loads(read.header).get("typ") != "at+jwt":
        raise ValueError("it is no access token")
    return read
# end


import peer
import verifying
from jwcrypto.common import JWException
from keys import Fetched
from peer import World

KEYS = Fetched(lambda document: JWKSet.from_json(json.dumps(document)))


def verify(
    world: World, token: str, audience: str, algorithm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = KEYS.for_token(world.jwks_uri, token)
    read = verified(token, keys, world.issuer, audience, algorithm)
    return json.loads(read.header), json.loads(read.claims)


TABLE = verifying.cases(verify, (JWException, ValueError))

peer.run(importlib.metadata.version("jwcrypto"), TABLE)
