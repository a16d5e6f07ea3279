"""Why a request is refused (RFC 6750 §3.1), and how that looks over HTTP. `str()` of a rejection
is for the log; what the caller is told never repeats anything that the caller sent."""

import json
from collections.abc import Iterable
from typing import Self

# What `Retry-After` says while the trouble is ours, in seconds.
RETRY_AFTER_S = 5

DESCRIPTIONS = {
    "no_token": "Send an access token: Authorization: Bearer",
    "other_scheme": "Send an access token with the scheme Bearer; the token endpoint gives one "
    "for client id and secret",
    "invalid_request": "The Authorization header is malformed",
    "malformed": "The access token is malformed",
    "wrong_type": "This is not an access token",
    "wrong_algorithm": "The signing algorithm is not accepted",
    "unknown_key": "The signing key is unknown",
    "bad_signature": "The signature is wrong",
    "bad_claim": "A claim is missing or has the wrong type",
    "wrong_issuer": "The access token is from another issuer",
    "wrong_audience": "The access token is for another API",
    "expired": "The access token has expired",
    "not_yet_valid": "The access token is not valid yet; do the clocks of its issuer and of this "
    "API agree?",
    "bound": "The access token is bound to a key and is no Bearer token",
    "revoked": "The access token has been revoked",
    "insufficient_scope": "The access token lacks a required scope",
    "unavailable": "Access tokens cannot be verified right now",
}
_STATUS = {"unavailable": 503, "invalid_request": 400, "insufficient_scope": 403}


class Rejection(Exception):
    """A refusal. `reason` is a short stable word, the same in all languages."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """`detail` is for the log."""
        super().__init__(f"{reason}: {detail[:400]!r}" if detail else reason)
        self.reason = reason
        # What the API says about itself, and what it asks for: never what the caller sent.
        self.realm = ""
        self.scope = ""

    def at(self, realm: str, scopes: Iterable[str]) -> Self:
        """Itself, as the refusal of an API that asks for these scopes."""
        self.realm = realm
        self.scope = self.scope or " ".join(scopes)
        return self

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUS.get(self.reason, 401)

    @property
    def error(self) -> str | None:
        """The error code. None when no token came (RFC 6750 §3), or when the trouble is ours."""
        if self.reason in ("no_token", "other_scheme", "unavailable"):
            return None
        if self.reason in ("invalid_request", "insufficient_scope"):
            return self.reason
        return "invalid_token"

    @property
    def description(self) -> str:
        """A sentence for the caller."""
        return DESCRIPTIONS[self.reason]

    @property
    def challenge(self) -> str:
        """The value of `WWW-Authenticate`. Characters that do not fit are left out."""
        params = [("realm", self.realm)]
        if self.error:
            params += [("error", self.error), ("error_description", self.description)]
        if self.scope:
            params.append(("scope", self.scope))
        return "Bearer " + ", ".join(f'{name}="{_fitting(value)}"' for name, value in params)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the answer."""
        told = ("Retry-After", str(RETRY_AFTER_S))
        if self.status != 503:
            told = ("WWW-Authenticate", self.challenge)
        length = ("Content-Length", str(len(self.body)))
        return [("Content-Type", "application/json"), ("Cache-Control", "no-store"), told, length]

    @property
    def body(self) -> bytes:
        """JSON, and never empty: popular clients fail on an empty one."""
        ours = "temporarily_unavailable" if self.status == 503 else "missing_token"
        told = {"error": self.error or ours, "error_description": self.description}
        return json.dumps(told, separators=(",", ":")).encode()


def _fitting(value: str) -> str:
    return "".join(c for c in value if " " <= c <= "~" and c not in '"\\')
