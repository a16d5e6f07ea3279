"""What every peer written in Python has: its world, its verdicts, and the Books API as a plain
caller sees it. It must never use the library under test."""

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

TIMEOUT_S = 5.0

Case = Callable[["World"], None]


class NotSupported(Exception):
    """The library has nothing for this case."""


def not_supported(why: str) -> Case:
    """A case that this library cannot answer."""

    def case(_: "World") -> None:
        raise NotSupported(why)

    return case


class World:
    """Where everything is, and this peer's credentials."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        metadata = values["metadata"]
        self.issuer: str = values["issuer"]
        self.token_endpoint: str = metadata["token_endpoint"]
        self.revocation_endpoint: str = metadata["revocation_endpoint"]
        self.introspection_endpoint: str = metadata["introspection_endpoint"]
        self.jwks_uri: str = metadata["jwks_uri"]
        self.api_url: str = values["api_url"]
        self.scopes: list[str] = values["api"]["scopes"]
        self.audience: str = values["api"]["audience"]
        self.other_audience: str = values["other_api"]["audience"]
        self.legacy_audience: str = values["legacy_api"]["audience"]
        self.short_audience: str = values["short_api"]["audience"]

    def login(self, name: str = "plain") -> tuple[str, str]:
        """The client id and the secret of one of the credentials."""
        credential = self.values["credentials"][name]
        return credential["client_id"], credential["client_secret"]

    def wrong_login(self) -> tuple[str, str]:
        """A secret of the right form that is not the credential's."""
        return self.login()[0], self.login("several")[1]

    def audience_of(self, algorithm: str) -> str:
        """The API whose tokens are signed so."""
        return next(a["audience"] for a in self.values["apis"] if a["algorithm"] == algorithm)

    def revoke_credential(self) -> None:
        """Ends the credential `doomed`, and returns once that is acknowledged."""
        command = self.values["revoke_command"]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)

    def kill(self, token: str, login: tuple[str, str]) -> None:
        """Ends a token early, behind the library's back (RFC 7009)."""
        form = {"token": token, "client_id": login[0], "client_secret": login[1]}
        body = urllib.parse.urlencode(form).encode()
        with _OPENER.open(self.revocation_endpoint, body, timeout=TIMEOUT_S):
            self.refused_in_time(token)

    def refused_in_time(self, token: str) -> None:
        """Waits until the API refuses the token, and fails if that takes too long."""
        limit_s = self.values["revoked_within_s"]
        since = time.monotonic()
        while (status := api_status(self, token)) != 401:
            took_s = time.monotonic() - since
            expect(took_s < limit_s, f"the API still answers {status} after {took_s:.2f} s")


def expect(holds: object, otherwise: str) -> None:
    """Fails the case unless `holds`."""
    if not holds:
        raise AssertionError(otherwise)


def expect_equal(what: str, got: object, wanted: object) -> None:
    """Fails the case unless both are equal."""
    expect(got == wanted, f"{what} is {got!r}, not {wanted!r}")


def expect_token(world: World, token: Mapping[str, Any], scope: str | None = None) -> None:
    """Checks a token answer: RFC 6749 §5.1, and 24 hours."""
    expect_equal("token_type", str(token["token_type"]).lower(), "bearer")
    expect_equal("expires_in", token["expires_in"], 86_400)
    granted = token["scope"]
    granted = granted.split() if isinstance(granted, str) else list(granted)
    expect_equal("scope", granted, world.scopes if scope is None else [scope])
    expect_equal("aud", claims(token["access_token"])["aud"], world.audience)


def expect_audience(token: str, audience: str) -> None:
    """Checks for whom a token is."""
    expect_equal("aud", claims(token)["aud"], audience)


def expect_raises(kind: type[Exception], code: str, act: Callable[[], object]) -> None:
    """Checks that `act` fails with the library's own error, whose `error` is the code."""
    try:
        act()
    except kind as error:
        expect_equal("error", getattr(error, "error", None), code)
        return
    raise AssertionError(f"no {kind.__name__}, although {code} is due")


def claims(token: str) -> dict[str, Any]:
    """A token's payload, unverified."""
    return json_part(token.split(".")[1])


def json_part(part: str) -> dict[str, Any]:
    """A part of a JWT as JSON."""
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def to_part(value: Mapping[str, Any]) -> str:
    """JSON as a part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def api_status(world: World, token: str | None) -> int:
    """How the Books API answers a call with this token."""
    request = urllib.request.Request(world.api_url)
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code


def plain_token(world: World, audience: str) -> str:
    """A token without any library, for those that only verify."""
    client_id, secret = world.login("several")
    form = {"grant_type": "client_credentials", "client_id": client_id}
    form |= {"client_secret": secret, "audience": audience}
    body = urllib.parse.urlencode(form).encode()
    with _OPENER.open(world.token_endpoint, body, timeout=TIMEOUT_S) as answer:
        return str(json.load(answer)["access_token"])


def run(version: str, cases: Mapping[str, Case]) -> None:
    """Answers every case that the world asks for, one JSON line each."""
    with open(sys.argv[1], encoding="utf-8") as file:
        world = World(json.load(file))
    print(json.dumps({"version": version}), flush=True)
    for name in world.values["cases"]:
        case = cases.get(name)
        if case is None:
            continue
        verdict, detail = _verdict(world, case)
        print(json.dumps({"case": name, "verdict": verdict, "detail": detail}), flush=True)


def _verdict(world: World, case: Case) -> tuple[str, str]:
    try:
        case(world)
    except NotSupported as why:
        return "not-supported", str(why)
    except Exception as error:  # Whatever a library throws is a verdict about us.
        return "failed", f"{type(error).__name__}: {error}"
    return "ok", ""
