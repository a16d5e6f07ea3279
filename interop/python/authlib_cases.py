"""Authlib's cases, for whichever HTTP library is underneath: both clients share one base class."""

from collections.abc import Callable, Mapping
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

import peer
import standard
from peer import Case, World
from standard import BASIC, Library, Login

# `open(endpoint, client_id, client_secret, **more)` makes a client that has fetched no token yet.
Open = Callable[..., Any]

METHODS = {BASIC: "client_secret_basic", standard.POST: "client_secret_post"}


def table(open_client: Open, http2: Case | str) -> dict[str, Case]:
    """The cases over `open_client`."""

    def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
        scope = asked.pop("scope", None)
        way = {"token_endpoint_auth_method": METHODS[method], "scope": scope}
        return dict(open_client(endpoint, *login, **way).fetch_token(endpoint, **asked))

    class Session:
        def __init__(self, world: World, login: Login) -> None:
            self.client = open_client(world.token_endpoint, *login)
            self.client.fetch_token()

        def get(self, url: str) -> tuple[int, str]:
            answer = self.client.get(url)
            return answer.status_code, answer.request.headers["Authorization"].split()[1]

    def discover(suffix: str) -> Case:
        def case(world: World) -> None:
            url = get_well_known_url(world.issuer, external=True, suffix=suffix)
            client = open_client(world.token_endpoint, *world.login())
            metadata = AuthorizationServerMetadata(
                client.request("GET", url, withhold_token=True).json())
            for member in metadata.REGISTRY_KEYS:
                # Authlib takes an empty list for a missing one; RFC 8414 §2 wants the member
                # even from a server that has no authorization endpoint.
                if member != "response_types_supported":
                    getattr(metadata, f"validate_{member}")()
            peer.expect_equal("response types", metadata["response_types_supported"], [])
            peer.expect_equal("token_endpoint", metadata.token_endpoint, world.token_endpoint)

        return case

    def introspect(world: World) -> None:
        client = open_client(world.token_endpoint, *world.login("inspector"))
        live = fetch(world.token_endpoint, world.login(), BASIC)["access_token"]
        for text, active in [(live, True), ("nonsense", False)]:
            answer = client.introspect_token(world.introspection_endpoint, token=text)
            peer.expect_equal("active", answer.json()["active"], active)

    def revoke_token(world: World) -> None:
        session = Session(world, world.login())
        _, text = session.get(world.api_url)
        answer = session.client.revoke_token(world.revocation_endpoint, text, "access_token")
        peer.expect_equal("status", answer.status_code, 200)
        world.refused_in_time(text)

    def password(world: World) -> None:
        client = open_client(world.token_endpoint, *world.login())
        peer.expect_raises(OAuthError, "unsupported_grant_type", lambda: client.fetch_token(
            world.token_endpoint, grant_type="password", username="a", password="b"))

    return standard.table(Library(
        fetch=fetch,
        error=OAuthError,
        session=Session,
        more={
            "discover-oauth": discover("oauth-authorization-server"),
            "discover-openid": discover("openid-configuration"),
            "token-http2": http2,
            "unsupported-grant": password,
            "introspect": introspect,
            "revoke-token": revoke_token,
        },
    ))
