"""The metadata server of a Google machine, so that Google's libraries find credentials at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN = {"access_token": "emulated", "expires_in": 3600, "token_type": "Bearer"}
_ACCOUNT = {"email": "default", "scopes": [_SCOPE], "aliases": ["default"]}
_PAGES = {
    "/token": json.dumps(_TOKEN),
    "/service-accounts/default/": json.dumps(_ACCOUNT),
    "/project-id": "my-project",
    "/universe-domain": "googleapis.com",
}


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        data = next((page for end, page in _PAGES.items() if path.endswith(end)), "ok").encode()
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        kind = "application/json" if data.startswith(b"{") else "text/plain"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving() -> Iterator[str]:
    """A server, until the body ends; gives its `host:port`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
