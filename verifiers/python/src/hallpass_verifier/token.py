"""Whether a token is good by its signature and claims alone (RFC 9068 §4): shape, header,
signature, then issuer, audience and dates. Revocation and scope come after it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from . import strict_json
from .keyset import ALGORITHMS, Key, decode
from .rejection import Rejection

LEEWAY_MAX_S = 300
_LONGEST = 8 * 1024
_LONGEST_KID = 256
# The end of the year 9999: a later date is milliseconds taken for seconds.
_LATEST_S = 253_402_300_799
_JWS = jwt.PyJWS()
_AT_JWT = ("at+jwt", "application/at+jwt")
_JWT = ("jwt", "application/jwt")


@dataclass(frozen=True)
class Policy:
    """What an API demands of a token."""

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...] = ALGORITHMS
    accept_jwt_type: bool = False
    leeway_s: int = 30

    def __post_init__(self) -> None:
        """Refuses what would be no protection."""
        if not self.issuer:
            raise ValueError("issuer: the policy names no issuer")
        if not self.audiences or not all(map(_without_slash, self.audiences)):
            raise ValueError("audience: the policy names no audience, or an empty one")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise ValueError(f"algorithms: expected some of {', '.join(ALGORITHMS)}")
        if not 0 <= self.leeway_s <= LEEWAY_MAX_S:
            raise ValueError(f"leeway_s: {self.leeway_s} is not between 0 and {LEEWAY_MAX_S}")


@dataclass(frozen=True)
class Claims:
    """The claims of a token that passed, and the `kid` of the key that vouched for them."""

    kid: str
    iss: str
    aud: tuple[str, ...]
    sub: str
    client_id: str
    jti: str
    iat: int
    exp: int
    nbf: int
    scopes: tuple[str, ...]
    generation: int | None
    organization: str | None
    raw: Mapping[str, Any] = field(repr=False)


def verify(token: str, keys: Mapping[str, Key], policy: Policy, now_s: float) -> Claims:
    """The claims of a good token. Raises Rejection: the first that applies."""
    header = _header(token)
    if header["alg"] not in policy.algorithms:
        raise Rejection("wrong_algorithm", f"got {header['alg']}")
    typ = header.get("typ", "")
    if typ.lower() not in (_AT_JWT + _JWT if policy.accept_jwt_type else _AT_JWT):
        raise Rejection("wrong_type", f"expected at+jwt, got {typ}")
    kid = header.get("kid")
    if kid is None:
        raise Rejection("malformed", "the header has no kid")
    key = keys.get(kid)
    if key is None:
        raise Rejection("unknown_key", f"no key has the kid {kid}")
    if header["alg"] != key.algorithm:
        raise Rejection("wrong_algorithm", f"the key is for {key.algorithm}")
    try:
        payload = _JWS.decode(token, key.jwk.key, algorithms=[key.algorithm])
    except jwt.InvalidTokenError as error:
        raise Rejection("bad_signature", str(error)) from None
    claims = _claims(kid, payload)
    check_claims(claims, policy, now_s)
    return claims


def check_claims(claims: Claims, policy: Policy, now_s: float) -> None:
    """Issuer, audience and dates, on every use of the token. Raises Rejection."""
    if claims.iss != policy.issuer:
        raise Rejection("wrong_issuer", f"expected {policy.issuer}, got {claims.iss}")
    ours = {_without_slash(audience) for audience in policy.audiences}
    if not any(_without_slash(audience) in ours for audience in claims.aud):
        expected, got = " ".join(policy.audiences), " ".join(claims.aud)
        raise Rejection("wrong_audience", f"expected {expected}, got {got}")
    if now_s >= claims.exp + policy.leeway_s:
        raise Rejection("expired", f"exp is {claims.exp}, now is {now_s}")
    if max(claims.nbf, claims.iat) > now_s + policy.leeway_s:
        raise Rejection("not_yet_valid", f"nbf {claims.nbf}, iat {claims.iat}, now {now_s}")


def _header(token: str) -> dict[str, Any]:
    # Before anything else, so that no input makes us work more than this.
    if len(token) > _LONGEST:
        raise Rejection("malformed", "longer than 8 KiB")
    parts = token.split(".")
    if len(parts) != 3 or not parts[2]:
        raise Rejection("malformed", "not three parts with two dots, or not signed")
    try:
        header = strict_json.object_of(decode(parts[0]))
        decode(parts[1])
        decode(parts[2])
    except ValueError as error:
        raise Rejection("malformed", str(error)) from None
    # No extension is understood, so any `crit` names one that is not (RFC 7515 §4.1.11).
    if "crit" in header or "b64" in header or "zip" in header or "alg" not in header:
        raise Rejection("malformed", "the header has crit, b64 or zip, or no alg")
    if not all(isinstance(header[name], str) for name in ("alg", "typ", "kid") if name in header):
        raise Rejection("malformed", "a member of the header is not a string")
    if len(header.get("kid", "").encode()) > _LONGEST_KID:
        raise Rejection("malformed", "kid is longer than 256 bytes")
    if header["alg"] not in ALGORITHMS:
        raise Rejection("wrong_algorithm", f"got {header['alg']}")
    return header


def _claims(kid: str, payload: bytes) -> Claims:
    try:
        read = strict_json.object_of(payload)
    except ValueError as error:
        raise Rejection("bad_claim", f"payload: {error}") from None
    aud = read.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    if not audiences or not all(isinstance(one, str) for one in audiences):
        raise Rejection("bad_claim", "aud is not a string or an array of strings")
    scope, generation = read.get("scope", ""), read.get("gen")
    if not isinstance(scope, str):
        raise Rejection("bad_claim", "scope is not a string")
    if "gen" in read and not strict_json.is_int(generation, 2**32 - 1):
        raise Rejection("bad_claim", "gen is not a small integer")
    claims = Claims(
        kid=kid,
        iss=_text(read, "iss"),
        aud=tuple(audiences),
        sub=_text(read, "sub"),
        client_id=_text(read, "client_id"),
        jti=_text(read, "jti"),
        iat=math.floor(_date(read, "iat")),
        exp=math.floor(_date(read, "exp")),
        nbf=math.ceil(_date(read, "nbf")) if "nbf" in read else 0,
        scopes=tuple(one for one in scope.split(" ") if one),
        generation=generation,
        organization=_text(read, "org") if "org" in read else None,
        raw=read,
    )
    if "cnf" in read:
        raise Rejection("bound", "bound to a key by cnf, but came as a plain Bearer token")
    return claims


def _text(read: Mapping[str, Any], name: str) -> str:
    value = read.get(name)
    if not isinstance(value, str) or not value:
        raise Rejection("bad_claim", f"{name} is missing or not a text")
    return value


def _date(read: Mapping[str, Any], name: str) -> float:
    value = read.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST_S:
        raise Rejection("bad_claim", f"{name} is not a number of seconds from 1970 to 9999")
    return value


def _without_slash(audience: str) -> str:
    """Half of the world writes one slash at the end, half does not."""
    return audience.removesuffix("/")
