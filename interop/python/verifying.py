"""The cases of libraries that verify tokens. It must never decide whether a token is good."""

from collections.abc import Callable
from typing import Any

import peer
from peer import Case, World

# Verifies a token for an audience: (world, token, audience, algorithm) -> (header, claims).
Verify = Callable[[World, str, str, str], tuple[dict[str, Any], dict[str, Any]]]


def cases(verify: Verify, refusal: type[Exception] | tuple[type[Exception], ...]) -> dict[str, Case]:
    """The table for a library whose refusals are of the type `refusal`."""

    def signed(algorithm: str) -> Case:
        def case(world: World) -> None:
            audience = world.audience_of(algorithm)
            token = peer.plain_token(world, audience)
            header, claims = verify(world, token, audience, algorithm)
            peer.expect_equal("typ", header["typ"], "at+jwt")
            peer.expect_equal("alg", header["alg"], algorithm)
            peer.expect_equal("iss", claims["iss"], world.issuer)

        return case

    def all_claims(world: World) -> None:
        token = peer.plain_token(world, world.audience)
        _, claims = verify(world, token, world.audience, "ES256")
        client_id = world.login("several")[0]
        peer.expect_equal("sub", claims["sub"], client_id)
        peer.expect_equal("client_id", claims["client_id"], client_id)
        peer.expect_equal("scope", claims["scope"], " ".join(world.scopes))
        for name, kind in [("iat", int), ("exp", int), ("jti", str), ("aud", str), ("iss", str)]:
            peer.expect(isinstance(claims[name], kind), f"{name} is {claims[name]!r}")
        peer.expect_equal("exp - iat", claims["exp"] - claims["iat"], 86_400)

    def refused(change: Callable[[str], str], audience: Callable[[World], str]) -> Case:
        def case(world: World) -> None:
            token = change(peer.plain_token(world, world.audience))
            try:
                verify(world, token, audience(world), "ES256")
            except refusal:
                return
            raise AssertionError("the token was taken for good")

        return case

    return {
        "verify-es256": signed("ES256"),
        "verify-rs256": signed("RS256"),
        "verify-eddsa": signed("EdDSA"),
        "claims": all_claims,
        "other-audience": refused(lambda token: token, lambda world: world.other_audience),
        "changed-token": refused(with_changed_signature, lambda world: world.audience),
        "other-key": refused(with_other_kid, lambda world: world.audience),
    }


def with_changed_signature(token: str) -> str:
    """The token with one character of its signature changed, in the middle: the last one may
    carry bits that mean nothing."""
    head, _, signature = token.rpartition(".")
    at = len(signature) // 2
    other = "A" if signature[at] != "A" else "B"
    return f"{head}.{signature[:at]}{other}{signature[at + 1:]}"


def with_other_kid(token: str) -> str:
    """The token with a kid that no key has."""
    header, _, rest = token.partition(".")
    fields = peer.json_part(header) | {"kid": "unheard-of"}
    return f"{peer.to_part(fields)}.{rest}"
