"""An API on Flask that only good tokens reach."""

import os

from flask import Flask, request
from hallpass_verifier import Rejection, Verifier, WsgiGuard, wsgi

verifier = Verifier(os.environ["ISSUER"], "https://api.example.com")
app = Flask(__name__)
app.register_error_handler(Rejection, wsgi.refuse)
app.wsgi_app = WsgiGuard(app.wsgi_app, verifier)


@app.get("/v1/books")
def books():
    caller = request.environ["hallpass.caller"].require("books:read")
    return f"books of {caller.organization}\n"
