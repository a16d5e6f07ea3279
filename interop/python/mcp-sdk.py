"""The official SDK of the Model Context Protocol: a server of its own behind `hallpass gateway`,
and its client, which knows the server's address and a credential, and finds the rest by itself."""

import asyncio
import contextlib
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import peer
import uvicorn
from harness.command import loopback_env
from harness.service import Service, free_port
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from peer import World

WITHIN_S = 10.0

RULES = """
issuer = "{issuer}"
audience = "{url}"

[[route]]
path = "/mcp"
scopes = ["tools:call"]
"""


class Memory:
    """Where the client keeps its token: nowhere else."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


class Library:
    """A server with one tool, which knows nothing of tokens."""

    def __init__(self) -> None:
        self.callers: list[str] = []
        self.tokens: list[str] = []
        mcp = MCPServer("Library", log_level="ERROR")

        @mcp.tool()
        def find(title: str) -> str:
            """Finds a book."""
            return f"{title} is on shelf 7"

        app = mcp.streamable_http_app(streamable_http_path="/mcp")

        async def seen(scope: Any, receive: Any, send: Any) -> None:
            for name, value in scope.get("headers", []):
                if name == b"x-hallpass-client-id":
                    self.callers.append(value.decode())
                if name == b"authorization":
                    self.tokens.append(value.decode())
            await app(scope, receive, send)

        self.port = free_port()
        config = uvicorn.Config(seen, port=self.port, log_level="error", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> "Library":
        self.thread.start()
        until = time.monotonic() + WITHIN_S
        while not self.server.started:
            peer.expect(time.monotonic() < until, "the MCP server does not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(WITHIN_S)


def ask(world: World, *words: str) -> Any:
    """Runs a command beside the server."""
    _, folder = world.values["revoke_command"][-2:]
    command = [world.values["hallpass"], "--json", *words, "--data-dir", folder]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=20, env=loopback_env()
    )
    return json.loads(done.stdout)


@contextlib.contextmanager
def guarded(world: World) -> Iterator[tuple[str, Library]]:
    """The server behind a gateway, as an API of the installation."""
    with tempfile.TemporaryDirectory(prefix="hallpass-mcp-") as path, Library() as library:
        folder = Path(path)
        listen, health = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        url = f"http://{listen}/mcp"
        ask(world, "api", "add", url, "--audience", url, "--scope", "tools:call")
        rules = folder / "gateway.toml"
        rules.write_text(RULES.format(issuer=world.issuer, url=url))
        words = [world.values["hallpass"], "gateway", "--rules", rules, "--gateway-listen", listen]
        words += ["--gateway-metrics-listen", health]
        words += ["--upstream", f"http://127.0.0.1:{library.port}"]
        ready, log = f"http://{health}/readyz", folder / "gateway.log"
        with Service(words, ready=ready, log=log, env=loopback_env()):
            yield url, library


def credential(world: World, url: str) -> tuple[str, str]:
    """A credential for the server, of which the issuer knows by now."""
    made = ask(world, "credential", "add", url, "--organization", "Example Library", "--api", url)
    login = made["client_id"], made["client_secret"]
    until = time.monotonic() + WITHIN_S
    while True:
        form = {"grant_type": "client_credentials"}
        if httpx2.post(world.token_endpoint, data=form, auth=login, trust_env=False).is_success:
            return login
        peer.expect(time.monotonic() < until, "the issuer does not know the credential")


# example
async def find(url: str, issuer: str, client_id: str, client_secret: str) -> str:
    """Calls a tool of an MCP server that the gateway guards."""
    auth = ClientCredentialsOAuthProvider(
        server_url=url,
        storage=Memory(),
        client_id=client_id,
        client_secret=client_secret,
        issuer=issuer,
    )
    async with httpx2.AsyncClient(auth=auth, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            result = await client.call_tool("find", {"title": "Moby-Dick"})
            return result.content[0].text
# end


def finds_all_by_itself(world: World) -> None:
    with guarded(world) as (url, library):
        login = credential(world, url)
        answer = asyncio.run(find(url, world.issuer, *login))
        peer.expect_equal("answer", answer, "Moby-Dick is on shelf 7")
        peer.expect_equal("callers", set(library.callers), {login[0]})
        peer.expect_equal("tokens that the server saw", library.tokens, [])


def wrong_secret(world: World) -> None:
    with guarded(world) as (url, library):
        client_id, _ = credential(world, url)
        try:
            answer = asyncio.run(find(url, world.issuer, client_id, world.login("several")[1]))
        except BaseException as error:  # The SDK raises groups of errors.
            peer.expect(isinstance(error, Exception), f"it ended with {error!r}")
        else:
            raise AssertionError(f"it was answered {answer}")
        peer.expect_equal("callers", library.callers, [])


def revoked(world: World) -> None:
    with guarded(world) as (url, library):
        client_id, secret = credential(world, url)
        form = {"grant_type": "client_credentials"}
        got = httpx2.post(
            world.token_endpoint, data=form, auth=(client_id, secret), trust_env=False
        )
        headers = {"Authorization": f"Bearer {got.json()['access_token']}"}

        def status() -> int:
            # What the server itself says to a request that is none.
            return httpx2.post(url, headers=headers, json={}, trust_env=False).status_code

        peer.expect(status() not in (401, 403), "a good token is refused")
        ask(world, "credential", "revoke", client_id)
        since = time.monotonic()
        while status() != 401:
            took_s = time.monotonic() - since
            peer.expect(took_s < world.values["revoked_within_s"], f"still good after {took_s} s")


peer.run(
    version("mcp"),
    {"mcp-discovers": finds_all_by_itself, "mcp-wrong-secret": wrong_secret, "mcp-revoked": revoked},
)
