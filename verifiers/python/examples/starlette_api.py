"""An API on Starlette (or FastAPI: the same lines) that only good tokens reach."""

import os

from hallpass_verifier import AsgiGuard, Rejection, Verifier, asgi
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

verifier = Verifier(os.environ["ISSUER"], "https://api.example.com")


async def books(request):
    caller = request.state.caller.require("books:read")
    return PlainTextResponse(f"books of {caller.organization}\n")


api = Starlette(routes=[Route("/v1/books", books)], exception_handlers={Rejection: asgi.refuse})
app = AsgiGuard(api, verifier)
