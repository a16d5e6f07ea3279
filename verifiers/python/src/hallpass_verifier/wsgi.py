"""A guard around any WSGI application (Flask, Django, Bottle, …)."""

from collections.abc import Callable, Iterable
from typing import Any

from .rejection import Rejection
from .verifier import Verifier

# Where the application finds the `Caller`.
CALLER = "hallpass.caller"

Environ = dict[str, Any]
Start = Callable[..., Any]

_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


class WsgiGuard:
    """Lets only requests with a good token through."""

    def __init__(
        self,
        app: Callable[[Environ, Start], Iterable[bytes]],
        verifier: Verifier,
        *scopes: str,
        open_paths: Iterable[str] = (),
    ) -> None:
        """`scopes` are needed for every request; `open_paths` need no token at all."""
        self._app, self._verifier, self._scopes = app, verifier, scopes
        self._open_paths = frozenset(open_paths)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answers one request."""
        environ.pop(CALLER, None)
        if environ.get("PATH_INFO") in self._open_paths:
            return self._app(environ, start)
        try:
            # Servers join headers that came twice with a comma, which is in no token.
            caller = self._verifier.check(environ.get("HTTP_AUTHORIZATION"), *self._scopes)
            environ[CALLER] = caller
            return self._app(environ, start)
        except Rejection as rejection:
            start(f"{rejection.status} {_REASONS[rejection.status]}", rejection.headers)
            return [rejection.body]


def refuse(rejection: Rejection) -> tuple[bytes, int, list[tuple[str, str]]]:
    """The answer to a `Rejection` that `Caller.require` raised in a handler; for Flask's
    `register_error_handler`."""
    return rejection.body, rejection.status, rejection.headers
