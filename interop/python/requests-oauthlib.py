"""requests-oauthlib: the oldest one, and the most copied from."""

import importlib.metadata
import os
from typing import Any

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

import peer
from peer import World, not_supported

# Loopback only.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def session(login: tuple[str, str], scope: list[str] | None = None) -> OAuth2Session:
    return OAuth2Session(client=BackendApplicationClient(client_id=login[0], scope=scope))


def basic(world: World, login: tuple[str, str], **more: Any) -> dict[str, Any]:
    scope = more.pop("scope", None)
    fetch = session(login, scope).fetch_token
    return dict(fetch(world.token_endpoint, auth=HTTPBasicAuth(*login), timeout=5, **more))


def post(world: World, login: tuple[str, str]) -> dict[str, Any]:
    client = session(login)
    secret = {"client_secret": login[1], "include_client_id": True}
    return dict(client.fetch_token(world.token_endpoint, timeout=5, **secret))


def refused(code: str, act: Any) -> None:
    # Codes beyond RFC 6749 come as CustomOAuth2Error, with the code as `error`.
    kind = CustomOAuth2Error if code == "invalid_target" else OAuth2Error
    peer.expect_raises(kind, code, act)


def authorized(world: World, name: str = "plain") -> OAuth2Session:
    client_id, secret = world.login(name)
    client = session((client_id, secret))
    client.fetch_token(world.token_endpoint, client_id=client_id, client_secret=secret, timeout=5)
    return client


def reuse(world: World) -> None:
    client = authorized(world)
    sent = [client.get(world.api_url, timeout=5).request.headers["Authorization"] for _ in "12"]
    peer.expect_equal("the second call's token", sent[1], sent[0])


def call(world: World) -> None:
    peer.expect_equal("status", authorized(world).get(world.api_url, timeout=5).status_code, 200)
    peer.expect_equal("status without token", peer.api_status(world, None), 401)


def revoke_token(world: World) -> None:
    client = authorized(world)
    token = client.access_token
    prepare = client._client.prepare_token_revocation_request
    url, headers, body = prepare(world.revocation_endpoint, token, "access_token")
    auth = HTTPBasicAuth(*world.login())
    answer = client.request("POST", url, headers=headers, data=body, auth=auth, timeout=5,
                            withhold_token=True)
    peer.expect_equal("status", answer.status_code, 200)
    world.refused_in_time(token)


def revoke_credential(world: World) -> None:
    client = authorized(world, "doomed")
    peer.expect_equal("status", client.get(world.api_url, timeout=5).status_code, 200)
    world.revoke_credential()
    world.refused_in_time(client.access_token)
    peer.expect_equal("status", client.get(world.api_url, timeout=5).status_code, 401)
    refused("invalid_client", lambda: basic(world, world.login("doomed")))


def one_scope(world: World) -> None:
    token = basic(world, world.login(), scope=["books:read"])
    peer.expect_token(world, token, "books:read")


def other_api(world: World, parameter: str) -> None:
    token = basic(world, world.login("several"), **{parameter: world.other_audience})
    peer.expect_audience(token["access_token"], world.other_audience)


CASES = {
    "discover-oauth": not_supported("it reads no metadata"),
    "discover-openid": not_supported("it reads no metadata"),
    "token-basic": lambda w: peer.expect_token(w, basic(w, w.login())),
    "token-post": lambda w: peer.expect_token(w, post(w, w.login())),
    "token-auto": not_supported("it does not try both ways"),
    "token-json": not_supported("it only sends forms"),
    "token-empty-body": not_supported("it always sends grant_type"),
    "token-http2": not_supported("requests speaks HTTP/1.1 only"),
    "scope-given": one_scope,
    "scope-omitted": lambda w: peer.expect_token(w, basic(w, w.login())),
    "audience": lambda w: other_api(w, "audience"),
    "resource": lambda w: other_api(w, "resource"),
    "wrong-secret-basic": lambda w: refused(
        "invalid_client", lambda: basic(w, w.wrong_login())),
    "wrong-secret-post": lambda w: refused("invalid_client", lambda: post(w, w.wrong_login())),
    "unknown-scope": lambda w: refused(
        "invalid_scope", lambda: basic(w, w.login(), scope=["books:burn"])),
    "unknown-audience": lambda w: refused(
        "invalid_target", lambda: basic(w, w.login(), audience="https://no.example.com")),
    "paused": lambda w: refused("invalid_client", lambda: basic(w, w.login("paused"))),
    "reuse": reuse,
    "call": call,
    "introspect": not_supported("it has no helper for introspection"),
    "revoke-token": revoke_token,
    "revoke-credential": revoke_credential,
}

peer.run(importlib.metadata.version("requests-oauthlib"), CASES)
