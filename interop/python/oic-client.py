"""oic (pyoidc): OAuth2 and OpenID Connect, certified."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
from oic.oauth2 import Client
from oic.oauth2.message import AccessTokenResponse, CCAccessTokenRequest, Message
from oic.utils.authn.client import CLIENT_AUTHN_METHOD


def token(endpoint: str, client_id: str, client_secret: str, method: str, **more: str) -> Message:
    client = Client(client_id=client_id, client_authn_method=CLIENT_AUTHN_METHOD, timeout=5)
    client.client_secret = client_secret
    return client.do_any(CCAccessTokenRequest, endpoint=endpoint, request_args=more,
                         response=AccessTokenResponse, authn_method=method)
# end


import peer
import standard
from oic.oauth2.message import ErrorResponse, ROPCAccessTokenRequest
from peer import Case, World
from standard import BASIC, Library, Login


class Refused(Exception):
    """Its refusals are answers, not errors."""

    def __init__(self, answer: ErrorResponse) -> None:
        super().__init__(answer["error"])
        self.error = answer["error"]


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    way = "client_secret_basic" if method == BASIC else "client_secret_post"
    answer = token(endpoint, *login, way, **asked)
    if isinstance(answer, ErrorResponse):
        raise Refused(answer)
    return answer.to_dict()


def password(world: World) -> None:
    client_id, secret = world.login()
    client = Client(client_id=client_id, client_authn_method=CLIENT_AUTHN_METHOD, timeout=5)
    client.client_secret = secret
    asked = {"grant_type": "password", "username": "somebody", "password": "something"}
    answer = client.do_any(ROPCAccessTokenRequest, endpoint=world.token_endpoint,
                           request_args=asked, response=AccessTokenResponse,
                           authn_method="client_secret_basic")
    peer.expect_equal("error", answer["error"], "unsupported_grant_type")


def discover(world: World) -> None:
    client = Client(client_authn_method=CLIENT_AUTHN_METHOD, timeout=5)
    found = client.provider_config(world.issuer)
    peer.expect_equal("token_endpoint", found["token_endpoint"], world.token_endpoint)


LIBRARY = Library(
    fetch=fetch,
    error=Refused,
    more={
        "discover-openid": discover,
        "discover-oauth": "it looks for openid-configuration only",
        "unsupported-grant": password,
        "unknown-audience": "its errors know the codes of RFC 6749 only: others are faulty to it",
    },
)

peer.run(importlib.metadata.version("oic"), standard.table(LIBRARY))
