"""aiohttp-oauthlib: requests-oauthlib's session, for aiohttp."""

import asyncio
import importlib.metadata
import os
from collections.abc import Mapping
from typing import Any

# example
import aiohttp
from aiohttp_oauthlib import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient


async def token(endpoint: str, client_id: str, client_secret: str, **more: Any) -> dict[str, Any]:
    async with OAuth2Session(client=BackendApplicationClient(client_id=client_id)) as session:
        login = aiohttp.BasicAuth(client_id, client_secret)
        return await session.fetch_token(endpoint, auth=login, **more)
# end


import peer
import standard
from oauthlib.oauth2 import OAuth2Error
from peer import World
from standard import BASIC, POST, Library, Login

# Loopback only.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    if method == BASIC:
        return dict(asyncio.run(token(endpoint, *login, **asked)))

    async def act() -> Mapping[str, Any]:
        client = BackendApplicationClient(client_id=login[0])
        async with OAuth2Session(client=client) as session:
            secret = {"client_secret": login[1], "include_client_id": True}
            return dict(await session.fetch_token(endpoint, **secret, **asked))

    return asyncio.run(act())


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.token = fetch(world.token_endpoint, login, BASIC)

    def get(self, url: str) -> tuple[int, str]:
        async def act() -> tuple[int, str]:
            async with OAuth2Session(token=self.token) as session:
                async with session.get(url) as answer:
                    return answer.status, answer.request_info.headers["Authorization"].split()[1]

        return asyncio.run(act())


LIBRARY = Library(
    fetch=fetch,
    error=OAuth2Error,
    methods=(BASIC, POST),
    session=Session,
    more={"renew": "it renews by refresh tokens only, which this grant has none of"},
)

peer.run(importlib.metadata.version("aiohttp-oauthlib"), standard.table(LIBRARY))
