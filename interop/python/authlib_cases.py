"""Authlib's cases, for whichever HTTP library is underneath: both clients share one base class."""

from collections.abc import Callable
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

import peer
from peer import Case, World, not_supported

Open = Callable[..., Any]


class Cases:
    """The cases over `open`, which makes a client (`OAuth2Session` or `OAuth2Client`)."""

    def __init__(self, open_client: Open, http2: Case) -> None:
        self.open = open_client
        self.http2 = http2

    def client(self, world: World, login: tuple[str, str], **more: Any) -> Any:
        client_id, secret = login
        endpoint = {"token_endpoint": world.token_endpoint, "grant_type": "client_credentials"}
        return self.open(client_id=client_id, client_secret=secret, **endpoint, **more)

    def fetch(self, world: World, login: tuple[str, str], **more: Any) -> dict[str, Any]:
        method = more.pop("method", "client_secret_basic")
        scope = more.pop("scope", None)
        client = self.client(world, login, token_endpoint_auth_method=method, scope=scope)
        return dict(client.fetch_token(world.token_endpoint, **more))

    def authorized(self, world: World, name: str = "plain") -> Any:
        client = self.client(world, world.login(name))
        client.fetch_token()
        return client

    def refused(self, code: str, login: str = "plain", **more: Any) -> Case:
        def case(world: World) -> None:
            chosen = world.wrong_login() if login == "wrong" else world.login(login)
            peer.expect_raises(OAuthError, code, lambda: self.fetch(world, chosen, **more))

        return case

    def token(self, scope: str | None = None, **more: Any) -> Case:
        def case(world: World) -> None:
            peer.expect_token(world, self.fetch(world, world.login(), scope=scope, **more), scope)

        return case

    def discover(self, suffix: str) -> Case:
        def case(world: World) -> None:
            url = get_well_known_url(world.issuer, external=True, suffix=suffix)
            answer = self.open().request("GET", url, withhold_token=True)
            metadata = AuthorizationServerMetadata(answer.json())
            for member in metadata.REGISTRY_KEYS:
                # Authlib takes an empty list for a missing one; RFC 8414 §2 wants the member
                # even from a server that has no authorization endpoint.
                if member != "response_types_supported":
                    getattr(metadata, f"validate_{member}")()
            peer.expect_equal("response types", metadata["response_types_supported"], [])
            peer.expect_equal("token_endpoint", metadata.token_endpoint, world.token_endpoint)

        return case

    def other_api(self, parameter: str) -> Case:
        def case(world: World) -> None:
            more = {parameter: world.other_audience}
            token = self.fetch(world, world.login("several"), **more)
            peer.expect_audience(token["access_token"], world.other_audience)

        return case

    def reuse(self, world: World) -> None:
        client = self.authorized(world)
        first = client.token["access_token"]
        for _ in range(2):
            sent = client.get(world.api_url).request.headers["Authorization"]
            peer.expect_equal("the token sent", sent, f"Bearer {first}")
        # Authlib asks again by itself once the token has expired, and only then.
        client.token = {**client.token, "expires_at": 1}
        sent = client.get(world.api_url).request.headers["Authorization"]
        peer.expect(sent != f"Bearer {first}", "an expired token was sent")

    def call(self, world: World) -> None:
        status = self.authorized(world).get(world.api_url).status_code
        peer.expect_equal("status", status, 200)
        peer.expect_equal("status without token", peer.api_status(world, None), 401)

    def introspect(self, world: World) -> None:
        client = self.client(world, world.login("inspector"))
        live = self.fetch(world, world.login())["access_token"]
        for text, active in [(live, True), ("nonsense", False)]:
            answer = client.introspect_token(world.introspection_endpoint, token=text)
            peer.expect_equal("active", answer.json()["active"], active)

    def revoke_token(self, world: World) -> None:
        client = self.authorized(world)
        text = client.token["access_token"]
        answer = client.revoke_token(world.revocation_endpoint, text, "access_token")
        peer.expect_equal("status", answer.status_code, 200)
        world.refused_in_time(text)

    def revoke_credential(self, world: World) -> None:
        client = self.authorized(world, "doomed")
        peer.expect_equal("status", client.get(world.api_url).status_code, 200)
        world.revoke_credential()
        world.refused_in_time(client.token["access_token"])
        peer.expect_equal("status", client.get(world.api_url).status_code, 401)
        self.refused("invalid_client", "doomed")(world)

    def table(self) -> dict[str, Case]:
        post = {"method": "client_secret_post"}
        return {
            "discover-oauth": self.discover("oauth-authorization-server"),
            "discover-openid": self.discover("openid-configuration"),
            "token-basic": self.token(),
            "token-post": self.token(**post),
            "token-auto": not_supported("one says which way"),
            "token-json": not_supported("it only sends forms"),
            "token-empty-body": not_supported("it always sends grant_type"),
            "token-http2": self.http2,
            "scope-given": self.token("books:read"),
            "scope-omitted": self.token(),
            "audience": self.other_api("audience"),
            "resource": self.other_api("resource"),
            "wrong-secret-basic": self.refused("invalid_client", "wrong"),
            "wrong-secret-post": self.refused("invalid_client", "wrong", **post),
            "unknown-scope": self.refused("invalid_scope", scope="books:burn"),
            "unknown-audience": self.refused(
                "invalid_target", audience="https://no.example.com"),
            "paused": self.refused("invalid_client", "paused"),
            "reuse": self.reuse,
            "call": self.call,
            "introspect": self.introspect,
            "revoke-token": self.revoke_token,
            "revoke-credential": self.revoke_credential,
        }
