"""A gateway on this machine: it passes requests on, and says nothing of who answers behind it.

What answers is the emulator, whose name the gateway keeps to itself, as one to Gemini would have
none to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

_DROPPED = {"x-tierwise-emulator", "transfer-encoding", "content-length", "connection"}


class _Gateway(BaseHTTPRequestHandler):
    behind = ""
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = HTTPConnection(urlsplit(self.behind).netloc, timeout=20)
        try:
            connection.request("POST", self.path, body, dict(self.headers))
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def gateway_to(url: str) -> Iterator[str]:
    """The base URL of a gateway to another server."""
    handler = type("_GatewayTo", (_Gateway,), {"behind": url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
