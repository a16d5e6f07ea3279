"""oauth2-client: the manager that Cloud Foundry's client is built on."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
from oauth2_client.credentials_manager import CredentialManager, ServiceInformation


def manager(endpoint: str, client_id: str, client_secret: str, scopes: list[str]):
    service = ServiceInformation(None, endpoint, client_id, client_secret, scopes)
    manager = CredentialManager(service)
    manager.init_with_client_credentials()
    return manager  # manager.get("https://api.example.com/v1/books")
# end


import peer
import standard
from oauth2_client.credentials_manager import OAuthError
from peer import World
from standard import BASIC, Library, Login


def fetch(endpoint: str, login: Login, method: str, scope: str = "") -> Mapping[str, Any]:
    made = manager(endpoint, *login, scope.split())
    return {"access_token": made._access_token}


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.manager = manager(world.token_endpoint, *login, [])

    def get(self, url: str) -> tuple[int, str]:
        answer = self.manager.get(url, timeout=5)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


def password(world: World) -> None:
    service = ServiceInformation(None, world.token_endpoint, *world.login(), [])
    manager = CredentialManager(service)
    peer.expect_raises(OAuthError, "unsupported_grant_type",
                       lambda: manager.init_with_user_credentials("a", "b"))


NO_PARAMETERS = "it sends no parameters but the scope"

LIBRARY = Library(
    fetch=fetch,
    error=OAuthError,
    methods=(BASIC,),
    session=Session,
    more={
        "audience": NO_PARAMETERS,
        "resource": NO_PARAMETERS,
        "unknown-audience": NO_PARAMETERS,
        "renew": "it renews by refresh tokens only, which this grant has none of",
        "unsupported-grant": password,
    },
)

peer.run(importlib.metadata.version("oauth2-client"), standard.table(LIBRARY))
