"""The cases of libraries that verify tokens. It must never decide whether a token is good."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import peer
from peer import Case, World, not_supported

# Verifies a token for an audience: (world, token, audience, algorithm) -> (header, claims).
Verify = Callable[[World, str, str, str], tuple[dict[str, Any], dict[str, Any]]]


ALGORITHMS = ("ES256", "RS256", "EdDSA")

# How often a verifier asks for a token during the rotation: all of them are the load.
EVERY_S = 0.2
ROTATED_WITHIN_S = 120.0
# Verified after the new keys sign.
AFTERWARDS = 5


def cases(
    verify: Verify,
    refusal: type[Exception] | tuple[type[Exception], ...],
    *,
    algorithms: Sequence[str] = ALGORITHMS,
    ignores_typ: str = "",
) -> dict[str, Case]:
    """The table for a library whose refusals are of the type `refusal`. `ignores_typ` is why it
    does not look at the type."""

    def signed(algorithm: str) -> Case:
        if algorithm not in algorithms:
            return not_supported(f"it does not know {algorithm}")

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

    def expect_refusal(world: World, token: str, audience: str) -> None:
        try:
            verify(world, token, audience, "ES256")
        except refusal:
            return
        raise AssertionError("the token was taken for good")

    def refused(change: Callable[[str], str], audience: Callable[[World], str]) -> Case:
        def case(world: World) -> None:
            token = change(peer.plain_token(world, world.audience))
            expect_refusal(world, token, audience(world))

        return case

    def wrong_type(world: World) -> None:
        token = peer.plain_token(world, world.legacy_audience)
        expect_refusal(world, token, world.legacy_audience)

    def expired(world: World) -> None:
        # That it is a good one but for its age, a fresh one shows.
        fresh = peer.plain_token(world, world.short_audience)
        verify(world, fresh, world.short_audience, "ES256")
        expect_refusal(world, world.values["expired_token"], world.short_audience)

    def rotation(world: World) -> None:
        def look(algorithm: str) -> str:
            audience = world.audience_of(algorithm)
            token = peer.plain_token(world, audience)
            verify(world, token, audience, algorithm)
            return token

        first = {algorithm: look(algorithm) for algorithm in algorithms}
        Path(world.values["ready_file"]).touch()
        until = time.monotonic() + ROTATED_WITHIN_S
        while not Path(world.values["rotated_file"]).exists():
            peer.expect(time.monotonic() < until, "the keys were not rotated in time")
            for algorithm in algorithms:
                look(algorithm)
            time.sleep(EVERY_S)
        for _ in range(AFTERWARDS):
            last = {algorithm: look(algorithm) for algorithm in algorithms}
        for algorithm, token in first.items():
            kids = [peer.json_part(t.split(".")[0])["kid"] for t in (token, last[algorithm])]
            peer.expect(kids[0] != kids[1], f"the key of {algorithm} is still the same")
            verify(world, token, world.audience_of(algorithm), algorithm)

    return {
        "verify-es256": signed("ES256"),
        "verify-rs256": signed("RS256"),
        "verify-eddsa": signed("EdDSA"),
        "claims": all_claims,
        "other-audience": refused(lambda token: token, lambda world: world.other_audience),
        "changed-token": refused(with_changed_signature, lambda world: world.audience),
        "other-key": refused(with_other_kid, lambda world: world.audience),
        "expired": expired,
        "wrong-type": not_supported(ignores_typ) if ignores_typ else wrong_type,
        "rotation": rotation,
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
