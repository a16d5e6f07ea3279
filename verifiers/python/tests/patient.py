"""A guarded API whose patience is told from outside, and that says how its verifier is doing."""

import os

from hallpass_verifier import AsgiGuard, Rejection, Verifier, asgi
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

verifier = Verifier(
    os.environ["ISSUER"],
    "https://api.example.com",
    max_staleness_s=float(os.environ.get("MAX_STALENESS_S", "3600")),
    when_stale=os.environ.get("WHEN_STALE", "fail_closed"),
)


async def books(request):
    """The API."""
    caller = request.state.caller.require("books:read")
    return PlainTextResponse(f"books of {caller.organization}\n")


async def status(_):
    """For whoever watches."""
    return JSONResponse(verifier.status())


api = Starlette(
    routes=[Route("/v1/books", books), Route("/status", status)],
    exception_handlers={Rejection: asgi.refuse},
)
app = AsgiGuard(api, verifier, open_paths=["/status"])
