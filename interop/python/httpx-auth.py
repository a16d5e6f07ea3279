"""httpx-auth: OAuth 2.0 as an `auth=` of HTTPX."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
import httpx
from httpx_auth import OAuth2ClientCredentials


def authorization(endpoint: str, client_id: str, client_secret: str, **more: Any):
    return OAuth2ClientCredentials(endpoint, client_id, client_secret, timeout=5, **more)


def call(url: str, auth: OAuth2ClientCredentials) -> httpx.Response:
    with httpx.Client(auth=auth, timeout=5) as client:
        return client.get(url)  # fetches, keeps and renews the token
# end


import peer
import standard
from httpx_auth import InvalidGrantRequest
from peer import World
from standard import BASIC, Library, Login


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    _, token, *life = authorization(endpoint, *login, **asked).request_new_token()
    return {"access_token": token, "expires_in": life[0]}


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.auth = authorization(world.token_endpoint, *login)

    def get(self, url: str) -> tuple[int, str]:
        answer = call(url, self.auth)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


def http2(world: World) -> None:
    """Without TLS there is no negotiation: HTTP/2 alone, from the first byte."""
    versions = []
    hooks = {"response": [lambda answer: versions.append(answer.http_version)]}
    with httpx.Client(http1=False, http2=True, event_hooks=hooks) as client:
        authorization(world.token_endpoint, *world.login(), client=client).request_new_token()
    peer.expect_equal("HTTP version", versions, ["HTTP/2"])


LIBRARY = Library(
    fetch=fetch,
    error=InvalidGrantRequest,
    code=lambda error: str(error).partition(":")[0],
    methods=(BASIC,),
    session=Session,
    more={"token-http2": http2},
)

peer.run(importlib.metadata.version("httpx-auth"), standard.table(LIBRARY))
