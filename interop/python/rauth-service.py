"""rauth: old, and still in many scripts."""

import importlib.metadata
import json
import re
from collections.abc import Mapping
from typing import Any

# example
from rauth import OAuth2Service, OAuth2Session


def session(endpoint: str, client_id: str, client_secret: str, **more: str) -> OAuth2Session:
    service = OAuth2Service(client_id, client_secret, access_token_url=endpoint)
    data = {"grant_type": "client_credentials", **more}
    return service.get_auth_session(data=data, decoder=json.loads)
# end


import peer
import standard
from peer import World
from standard import POST, Library, Login


def fetch(endpoint: str, login: Login, method: str, **asked: str) -> Mapping[str, Any]:
    return {"access_token": session(endpoint, *login, **asked).access_token}


class Session:
    def __init__(self, world: World, login: Login) -> None:
        self.session = session(world.token_endpoint, *login)

    def get(self, url: str) -> tuple[int, str]:
        answer = self.session.get(url, timeout=5)
        return answer.status_code, answer.request.headers["Authorization"].split()[1]


def code(error: KeyError) -> str | None:
    """Its error quotes the answer."""
    found = re.search(r'"error": ?"(\w+)"', str(error).replace("\\", ""))
    return found and found[1]


LIBRARY = Library(
    fetch=fetch,
    error=KeyError,
    code=code,
    methods=(POST,),
    session=Session,
    more={
        "renew": "it does not know when a token expires",
        "unsupported-grant": lambda world: standard.Cases(LIBRARY).refused(
            "unsupported_grant_type", grant_type="password")(world),
    },
)

peer.run(importlib.metadata.version("rauth"), standard.table(LIBRARY))
