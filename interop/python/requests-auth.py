"""requests-auth: OAuth 2.0 as an `auth=` of requests."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
import requests
from requests_auth import OAuth2ClientCredentials


def authorization(endpoint: str, client_id: str, client_secret: str, **more: Any):
    return OAuth2ClientCredentials(endpoint, client_id, client_secret, timeout=5, **more)


def call(url: str, auth: OAuth2ClientCredentials) -> requests.Response:
    return requests.get(url, auth=auth, timeout=5)  # fetches, keeps and renews the token
# end


import peer
import standard
from peer import World
from requests_auth import InvalidGrantRequest, OAuth2
from standard import BASIC, Library, Login


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    _, token, *life = authorization(endpoint, *login, **asked).request_new_token()
    return {"access_token": token, "expires_in": life[0]}


class Session:
    def __init__(self, world: World, login: Login) -> None:
        # What it keeps is found by endpoint and parameters, whoever the client is.
        OAuth2.token_cache.clear()
        self.auth = authorization(world.token_endpoint, *login)

    def get(self, url: str) -> tuple[int, str]:
        answer = call(url, self.auth)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


LIBRARY = Library(
    fetch=fetch,
    error=InvalidGrantRequest,
    code=lambda error: str(error).partition(":")[0],
    methods=(BASIC,),
    session=Session,
)

peer.run(importlib.metadata.version("requests-auth"), standard.table(LIBRARY))
