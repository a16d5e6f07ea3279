"""requests-oauthlib: the oldest one, and the most copied from."""

import importlib.metadata
import os
from collections.abc import Mapping
from typing import Any

# example
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


def authorized(endpoint: str, client_id: str, client_secret: str, **more: Any) -> OAuth2Session:
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
    session.fetch_token(endpoint, auth=HTTPBasicAuth(client_id, client_secret), timeout=5, **more)
    return session  # session.get("https://api.example.com/v1/books")
# end


import peer
import standard
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error, TokenExpiredError
from peer import World
from standard import BASIC, Library, Login

# Loopback only.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    if method == BASIC:
        return dict(authorized(endpoint, *login, **asked).token)
    session = OAuth2Session(client=BackendApplicationClient(client_id=login[0]))
    secret = {"client_secret": login[1], "include_client_id": True}
    return dict(session.fetch_token(endpoint, timeout=5, **secret, **asked))


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.session = authorized(world.token_endpoint, *login)

    def get(self, url: str) -> tuple[int, str]:
        answer = self.session.get(url, timeout=5)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


def renew(world: World) -> None:
    """Of this grant it only says that the token has expired; one fetches the next."""
    session = authorized(world.token_endpoint, *world.login())
    with standard.later():
        try:
            session.get(world.api_url, timeout=5)
        except TokenExpiredError:
            auth = HTTPBasicAuth(*world.login())
            session.fetch_token(world.token_endpoint, auth=auth, timeout=5)
            peer.expect_equal("status", session.get(world.api_url, timeout=5).status_code, 200)
            return
    raise AssertionError("an expired token was sent")


def password(world: World) -> None:
    session = OAuth2Session(client=LegacyApplicationClient(client_id=world.login()[0]))
    auth = HTTPBasicAuth(*world.login())
    peer.expect_raises(OAuth2Error, "unsupported_grant_type", lambda: session.fetch_token(
        world.token_endpoint, username="somebody", password="something", auth=auth, timeout=5))


def revoke_token(world: World) -> None:
    session = authorized(world.token_endpoint, *world.login())
    token = session.access_token
    prepare = session._client.prepare_token_revocation_request
    url, headers, body = prepare(world.revocation_endpoint, token, "access_token")
    auth = HTTPBasicAuth(*world.login())
    answer = session.request("POST", url, headers=headers, data=body, auth=auth, timeout=5,
                             withhold_token=True)
    peer.expect_equal("status", answer.status_code, 200)
    world.refused_in_time(token)


LIBRARY = Library(
    fetch=fetch,
    error=OAuth2Error,
    session=Session,
    more={"renew": renew, "unsupported-grant": password, "revoke-token": revoke_token},
)

peer.run(importlib.metadata.version("requests-oauthlib"), standard.table(LIBRARY))
