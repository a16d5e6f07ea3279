"""An issuer on this machine whose feed says what a test wants it to say, to the byte."""

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class UnrulyIssuer:
    """Metadata, keys, a snapshot, and one script per connection of the stream."""

    def __init__(self, jwks):
        self.jwks = json.dumps(jwks).encode()
        self.snapshot = (200, {}, {"seq": 1, "as_of": int(time.time()), "entries": []})
        # Each a list of pieces to send; then the connection is held, or ended by None.
        self.streams = queue.Queue()
        self.asked = []
        self.lies = {}
        self.changed = threading.Condition()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.answer(self)

            def log_message(self, *_):
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A reader that leaves is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.ended = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        with self.changed:
            self.asked.append(request.path)
            self.changed.notify_all()
        if request.path in self.lies:
            self.send(request, *self.lies[request.path])
        elif request.path == "/.well-known/oauth-authorization-server":
            feed = f"{self.url}/revocations"
            told = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks",
                    "revocation_feed_uri": feed}
            self.send(request, 200, {}, json.dumps(told).encode())
        elif request.path == "/jwks":
            self.send(request, 200, {}, self.jwks)
        elif request.path == "/revocations":
            status, headers, body = self.snapshot
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send(request, status, headers, body)
        elif request.path.startswith("/revocations/stream"):
            self.stream(request)
        else:
            self.send(request, 404, {}, b"")

    def send(self, request, status, headers, body):
        request.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    def stream(self, request):
        request.close_connection = True
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream; charset=utf-8")
        request.end_headers()
        try:
            script = self.streams.get(timeout=0.02)
        except queue.Empty:
            script = [beat(self.snapshot[2]["seq"])]
        try:
            for piece in script:
                if piece is None:
                    return
                for one in [piece] if isinstance(piece, str) else piece:
                    request.wfile.write(one.encode())
                    request.wfile.flush()
            self.ended.wait(30)
        except OSError:
            pass

    def until_asked(self, path, times=1, within_s=10.0):
        """Whether it was asked for this so often by then."""
        with self.changed:
            return self.changed.wait_for(lambda: self.asked.count(path) >= times, within_s)

    def drip(self, piece, every_s=0.02):
        """The same piece, for ever."""
        while not self.ended.wait(every_s):
            yield piece


def beat(seq, as_of=None):
    """A heartbeat."""
    return event("heartbeat", seq=seq, as_of=int(time.time()) if as_of is None else as_of)


def death(seq, **entry):
    """A revocation."""
    return event("revocation", **entry, seq=seq)


def event(name, **members):
    """An event of the stream."""
    return f"event: {name}\ndata: {json.dumps(members)}\n\n"
