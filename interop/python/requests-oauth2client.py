"""requests_oauth2client: every grant and every endpoint, as objects over requests."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
import requests
from requests_oauth2client import ClientSecretBasic, OAuth2Client, OAuth2ClientCredentialsAuth


def client(issuer: str, client_id: str, client_secret: str) -> OAuth2Client:
    url = f"{issuer}/.well-known/oauth-authorization-server"
    # `testing`: the issuer may do without TLS, for this machine only.
    return OAuth2Client.from_discovery_endpoint(
        url, issuer, auth=ClientSecretBasic(client_id, client_secret), testing=True)


def call(url: str, auth: OAuth2ClientCredentialsAuth) -> requests.Response:
    return requests.get(url, auth=auth, timeout=5)  # fetches, keeps and renews the token
# end


import peer
import standard
from peer import Case, World
from requests_oauth2client import ClientSecretPost, EndpointError
from standard import POST, Library, Login


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    way = ClientSecretPost if method == POST else ClientSecretBasic
    client = OAuth2Client(endpoint, auth=way(*login), testing=True)
    token = client.client_credentials(**asked)
    # It counts down by itself: `expires_in` is what is left.
    told = {"access_token": token.access_token, "scope": token.scope}
    peer.expect(86_390 <= token.expires_in <= 86_400, f"expires_in is {token.expires_in}")
    return told | {"token_type": token.token_type}


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.auth = OAuth2ClientCredentialsAuth(client(world.issuer, *login))

    def get(self, url: str) -> tuple[int, str]:
        answer = call(url, self.auth)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


def discover(suffix: str) -> Case:
    def case(world: World) -> None:
        url = f"{world.issuer}/.well-known/{suffix}"
        found = OAuth2Client.from_discovery_endpoint(
            url, world.issuer, auth=world.login(), testing=True)
        peer.expect_equal("token_endpoint", found.token_endpoint, world.token_endpoint)

    return case


def introspect(world: World) -> None:
    live = fetch(world.token_endpoint, world.login(), POST)["access_token"]
    inspector = client(world.issuer, *world.login("inspector"))
    for text, active in [(live, True), ("nonsense", False)]:
        peer.expect_equal("active", inspector.introspect_token(text)["active"], active)


def revoke_token(world: World) -> None:
    own = client(world.issuer, *world.login())
    token = own.client_credentials()
    peer.expect(own.revoke_access_token(token), "the token was not revoked")
    world.refused_in_time(token.access_token)


LIBRARY = Library(
    fetch=fetch,
    error=EndpointError,
    session=Session,
    more={
        "discover-oauth": discover("oauth-authorization-server"),
        "discover-openid": discover("openid-configuration"),
        "introspect": introspect,
        "revoke-token": revoke_token,
        "unsupported-grant": lambda world: peer.expect_raises(
            EndpointError, "unsupported_grant_type",
            lambda: client(world.issuer, *world.login()).resource_owner_password("a", "b")),
    },
)

peer.run(importlib.metadata.version("requests-oauth2client"), standard.table(LIBRARY))
