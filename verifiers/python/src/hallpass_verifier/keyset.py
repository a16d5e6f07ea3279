"""The issuer's public keys (RFC 7517), each for the one algorithm that its kind allows. The
cryptography is PyJWT's."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from . import strict_json

ALGORITHMS = ("ES256", "RS256", "EdDSA")

_KINDS = {("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_MATERIAL = {"ES256": ("crv", "kty", "x", "y"), "RS256": ("e", "kty", "n"),
             "EdDSA": ("crv", "kty", "x")}
_MOST_KEYS = 100
_RSA_BITS = range(2048, 8193)
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]*")


class BadKeys(Exception):
    """Not a JWK Set, or one that is of no use."""


def decode(text: str) -> bytes:
    """Canonical base64url (RFC 7515 §2): each value has one spelling. Raises ValueError."""
    coded = text.encode("ascii")
    if not _BASE64URL.fullmatch(coded):
        raise ValueError("not base64url")
    value = base64.urlsafe_b64decode(coded + b"=" * (-len(coded) % 4))
    if base64.urlsafe_b64encode(value).rstrip(b"=") != coded:
        raise ValueError("base64url with stray bits")
    return value


@dataclass(frozen=True)
class Key:
    """A key, ready to verify."""

    algorithm: str
    jwk: jwt.PyJWK


def parse(document: bytes) -> dict[str, Key]:
    """The usable keys of a JWK Set by `kid`; those that are not for us are stepped over, and of
    two with the same `kid` the first counts. Raises BadKeys."""
    try:
        keys = strict_json.object_of(document)["keys"]
    except (ValueError, KeyError) as error:
        raise BadKeys(f"not a JWK Set: {error}") from None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise BadKeys("not a JWK Set of at most 100 keys")
    found: dict[str, Key] = {}
    for members in keys:
        if (key := _key(members)) is not None:
            found.setdefault(*key)
    if not found:
        raise BadKeys("a JWK Set without a single usable key")
    return found


def _key(members: Any) -> tuple[str, Key] | None:
    """None for a key that is not for us, or whose secret is out."""
    if not isinstance(members, dict) or any(name in members for name in _PRIVATE):
        return None
    kty, crv = members.get("kty"), members.get("crv")
    if not isinstance(kty, str) or not isinstance(crv, str | None):
        return None
    algorithm = "RS256" if kty == "RSA" else _KINDS.get((kty, crv or ""))
    if algorithm is None or members.get("alg", algorithm) != algorithm:
        return None
    ops = members.get("key_ops", ["verify"])
    if members.get("use", "sig") != "sig" or not isinstance(ops, list) or "verify" not in ops:
        return None
    material = {name: members.get(name) for name in _MATERIAL[algorithm]}
    kid = members.get("kid", _thumbprint(material))
    try:
        for name in set(material) - {"crv", "kty"}:
            decode(material[name])
        key = jwt.PyJWK(material, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size not in _RSA_BITS:
        return None
    return (kid, Key(algorithm, key)) if isinstance(kid, str) else None


def _thumbprint(material: dict[str, Any]) -> str:
    """RFC 7638 §3: the name of a key that has none."""
    text = json.dumps(material, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
