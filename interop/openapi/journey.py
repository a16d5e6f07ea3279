"""A client that openapi-python-client has generated from our document."""

import importlib.metadata
from typing import Any

# example
from hallpass_api import AuthenticatedClient, Client
from hallpass_api.api.credentials import create_credentials, revoke_credentials
from hallpass_api.api.o_auth import token
from hallpass_api.models import GrantBody, NewCredential, TokenRequest


def fetched(client: Client, client_id: str, client_secret: str, **more: Any) -> Any:
    login = {"client_id": client_id, "client_secret": client_secret}
    asked = TokenRequest(grant_type="client_credentials", **login, **more)
    return token.sync(client=client, body=asked)


def made(api: AuthenticatedClient, name: str, audience: str, scope: str) -> Any:
    grants = [GrantBody(audience=audience, scopes=[scope])]
    return create_credentials.sync(client=api, body=NewCredential(name=name, grants=grants))
# end


import peer
from peer import World


def journey(world: World) -> None:
    """Makes a credential, gets a token with it, calls, and revokes it."""
    client = Client(base_url=world.issuer, timeout=5)
    management = f"{world.issuer}/api/v1"
    power = fetched(client, *world.login("manager"), audience=management)
    api = AuthenticatedClient(base_url=world.issuer, token=power.access_token, timeout=5)

    answer = made(api, "Made by a generated client", world.audience, "books:read")
    client_id, secret = answer.credential.client_id, answer.client_secret
    granted = fetched(client, client_id, secret)
    peer.expect_equal("scope", granted.scope, "books:read")
    peer.expect_equal("sub", peer.claims(granted.access_token)["sub"], client_id)
    peer.expect_equal("status", peer.api_status(world, granted.access_token), 200)

    revoked = revoke_credentials.sync(client_id, client=api)
    peer.expect_equal("credential", revoked.client_id, client_id)
    world.refused_in_time(granted.access_token)
    refusal = fetched(client, client_id, secret)
    peer.expect_equal("error", str(refusal.error), "invalid_client")


peer.run(importlib.metadata.version("openapi-python-client"), {"generated-client": journey})
