"""A JWKS kept at hand, for libraries that leave fetching it to their user: read at first, and
again when a token names a key that is not in it."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import peer

Keys = TypeVar("Keys")


class Fetched:
    """The keys in the library's own form: `read` makes that of the document."""

    def __init__(self, read: Callable[[dict[str, Any]], Keys]) -> None:
        self.read = read
        self.kids: set[str] = set()
        self.keys: Keys | None = None

    def for_token(self, jwks_uri: str, token: str) -> Keys:
        """All keys, those of now if the token's is not among the older ones."""
        if peer.json_part(token.split(".")[0]).get("kid") not in self.kids:
            with urllib.request.urlopen(jwks_uri, timeout=5) as answer:
                document = json.load(answer)
            self.kids = {key["kid"] for key in document["keys"]}
            self.keys = self.read(document)
        return self.keys
