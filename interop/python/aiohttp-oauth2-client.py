"""aiohttp-oauth2-client: a middleware for aiohttp's client."""

import asyncio
import importlib.metadata
from collections.abc import Mapping
from typing import Any

# example
import aiohttp
from aiohttp_oauth2_client.grant.client_credentials import ClientCredentialsGrant
from aiohttp_oauth2_client.middleware import OAuth2Middleware


async def status(url: str, grant: ClientCredentialsGrant) -> int:
    async with aiohttp.ClientSession(middlewares=(OAuth2Middleware(grant),)) as session:
        async with session.get(url) as answer:  # fetches, keeps and renews the token
            return answer.status
# end


import peer
import standard
from aiohttp_oauth2_client.models.errors import OAuth2Error
from peer import World
from standard import POST, Library, Login


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    async def act() -> Mapping[str, Any]:
        client_id, secret = login
        async with ClientCredentialsGrant(endpoint, client_id, secret, **asked) as grant:
            await grant.fetch_token()
            return {name: value for name, value in grant.token.model_dump().items()
                    if name in ("access_token", "token_type", "expires_in", "scope")}

    return asyncio.run(act())


class Session:
    """Everything in one loop, which the grant belongs to."""

    def __init__(self, world: World, login: Login) -> None:
        self.loop = asyncio.new_event_loop()
        self.grant = self.loop.run_until_complete(self._open(world.token_endpoint, *login))

    @staticmethod
    async def _open(endpoint: str, client_id: str, secret: str) -> ClientCredentialsGrant:
        return ClientCredentialsGrant(endpoint, client_id, secret)

    def get(self, url: str) -> tuple[int, str]:
        answer = self.loop.run_until_complete(status(url, self.grant))
        return answer, self.grant.token.access_token


LIBRARY = Library(
    fetch=fetch,
    error=OAuth2Error,
    code=lambda error: error.response.error,
    methods=(POST,),
    session=Session,
)

peer.run(importlib.metadata.version("aiohttp-oauth2-client"), standard.table(LIBRARY))
