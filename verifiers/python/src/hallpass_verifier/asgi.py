"""A guard around any ASGI application (FastAPI, Starlette, Quart, Django, …)."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from . import bearer
from .rejection import Rejection
from .verifier import Caller, Verifier

# Where the application finds the `Caller`: `request.state.caller` in Starlette and FastAPI.
CALLER = "caller"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class AsgiGuard:
    """Lets only requests with a good token through, WebSockets as well."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        verifier: Verifier,
        *scopes: str,
        open_paths: Iterable[str] = (),
    ) -> None:
        """`scopes` are needed for every request; `open_paths` need no token at all."""
        self._app, self._verifier, self._scopes = app, verifier, scopes
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        guarded = scope["type"] in ("http", "websocket")
        if not guarded or scope.get("path") in self._open_paths:
            await self._app(scope, receive, send)
            return
        began = False

        async def watched(message: Any) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            values = [v.decode("latin-1") for n, v in scope["headers"] if n == b"authorization"]
            caller = await self._check(values)
            state = {**scope.get("state", {}), CALLER: caller}
            await self._app({**scope, "state": state}, receive, watched)
        except Rejection as rejection:
            if began:
                raise
            await _answer(rejection, scope, send)

    async def _check(self, values: list[str]) -> Caller:
        try:
            value = bearer.only(values)
        except Rejection as rejection:
            raise rejection.at(self._verifier.realm, self._scopes) from None
        return await self._verifier.check_async(value, *self._scopes)


async def refuse(_request: Any, rejection: Rejection) -> Callable[..., Awaitable[None]]:
    """The answer to a `Rejection` that `Caller.require` raised in a handler; for
    `exception_handlers` of Starlette and FastAPI."""

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer(rejection, scope, send)

    return answer


async def _answer(rejection: Rejection, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted, servers answer the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": rejection.description})
        return
    headers = [(name.lower().encode(), value.encode()) for name, value in rejection.headers]
    status = rejection.status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": rejection.body})
