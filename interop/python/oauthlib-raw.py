"""oauthlib by itself, with whatever HTTP library: here Python's own."""

import importlib.metadata
import os
import urllib.error
from collections.abc import Mapping
from typing import Any

# example
import base64
import urllib.request

from oauthlib.oauth2 import BackendApplicationClient


def request(endpoint: str, client_id: str, client_secret: str, **more: str):
    body = BackendApplicationClient(client_id).prepare_request_body(**more).encode()
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    return urllib.request.Request(endpoint, body, {"Authorization": f"Basic {basic}"})


def token(client: BackendApplicationClient, request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=5) as answer:
        return client.parse_request_body_response(answer.read().decode())
# end


import peer
import standard
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error, TokenExpiredError
from peer import World
from standard import BASIC, POST, Library, Login

# Loopback only.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def read(client: BackendApplicationClient, made: urllib.request.Request) -> Mapping[str, Any]:
    """A refusal is an error of urllib; what it means, oauthlib says."""
    try:
        return dict(token(client, made))
    except urllib.error.HTTPError as answer:
        return dict(client.parse_request_body_response(answer.read().decode()))


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    client = BackendApplicationClient(login[0])
    if method == BASIC:
        return read(client, request(endpoint, *login, **asked))
    asked |= {"client_secret": login[1], "include_client_id": True}
    body = client.prepare_request_body(**asked).encode()
    return read(client, urllib.request.Request(endpoint, body))


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.client = BackendApplicationClient(login[0])
        read(self.client, request(world.token_endpoint, *login))

    def get(self, url: str) -> tuple[int, str]:
        url, headers, _ = self.client.add_token(url)
        made = urllib.request.Request(url, headers=headers)
        text = self.client.access_token
        try:
            with urllib.request.urlopen(made, timeout=5) as answer:
                return answer.status, text
        except urllib.error.HTTPError as answer:
            return answer.code, text


def renew(world: World) -> None:
    """It only says that the token has expired."""
    session = Session(world, world.login())
    with standard.later():
        try:
            session.get(world.api_url)
        except TokenExpiredError:
            read(session.client, request(world.token_endpoint, *world.login()))
            peer.expect_equal("status", session.get(world.api_url)[0], 200)
            return
    raise AssertionError("an expired token was sent")


def password(world: World) -> None:
    client = LegacyApplicationClient(world.login()[0])
    made = request(world.token_endpoint, *world.login())
    made.data = client.prepare_request_body("somebody", "something").encode()
    peer.expect_raises(OAuth2Error, "unsupported_grant_type", lambda: read(client, made))


def revoke_token(world: World) -> None:
    session = Session(world, world.login())
    text = session.client.access_token
    url, headers, body = session.client.prepare_token_revocation_request(
        world.revocation_endpoint, text, "access_token")
    made = request(url, *world.login())
    made.headers |= headers
    made.data = body.encode()
    with urllib.request.urlopen(made, timeout=5) as answer:
        peer.expect_equal("status", answer.status, 200)
    world.refused_in_time(text)


LIBRARY = Library(
    fetch=fetch,
    error=OAuth2Error,
    methods=(BASIC, POST),
    session=Session,
    more={"renew": renew, "unsupported-grant": password, "revoke-token": revoke_token},
)

peer.run(importlib.metadata.version("oauthlib"), standard.table(LIBRARY))
