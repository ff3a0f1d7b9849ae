"""A server in the place of Google's, which replies as a test says and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Sent:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Reply:
    """What to reply. `body` is JSON unless it is bytes; `hang_up` says after how many of them."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: int | None = None

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Google:
    """Replies of a route in turn, the last one again and again; uploads it takes by itself.

    None in the place of a reply stands for what it does by itself.
    """

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[Sent] = []
        self.files: dict[str, bytes] = {}
        self._routes: dict[str, list[Reply | None]] = {}

    def on(self, route: str, *replies: Reply | dict[str, Any] | None) -> None:
        """Reply so to `METHOD /path`, without the query."""
        self._routes[route] = [Reply(body=one) if isinstance(one, dict) else one for one in replies]

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.sent]

    def to(self, route: str) -> list[Sent]:
        return [one for one in self.sent if f"{one.method} {one.path}" == route]

    def reply(self, sent: Sent) -> Reply:
        self.sent.append(sent)
        route = f"{sent.method} {sent.path}"
        if replies := self._routes.get(route):
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if reply:
                return reply
        if sent.headers.get("x-goog-upload-command") == "start":
            name = f"files/in{len(self.files)}"
            self.files[name] = b""
            url = f"{self.url}/send/{name}"
            return Reply(headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})
        if sent.path.startswith("/send/"):
            return self._received(sent)
        if sent.method == "DELETE" and sent.path.removeprefix("/v1beta/") in self.files:
            return Reply()
        return error(404, f"nothing at {route}")

    def _received(self, sent: Sent) -> Reply:
        name = sent.path.removeprefix("/send/")
        assert int(sent.headers["x-goog-upload-offset"]) == len(self.files[name])
        self.files[name] += sent.data
        final = "finalize" in sent.headers["x-goog-upload-command"]
        if not final:
            assert len(sent.data) % (256 * 1024) == 0  # Google takes no other pieces
        file = {"file": {"name": name, "state": "ACTIVE", "mimeType": "application/jsonl"}}
        return Reply(
            body=file if final else {},
            headers={"x-goog-upload-status": "final" if final else "active"},
        )


def error(code: int, message: str, **more: Any) -> Reply:
    return Reply(code, {"error": {"code": code, "message": message, **more}})


@pytest.fixture(scope="session")
def replying() -> Callable[..., Reply]:
    return Reply


@pytest.fixture(scope="session")
def refusing() -> Callable[..., Reply]:
    return error


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-0123456789-secret")
    found = Google()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Quiet."""

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("content-length", "0")))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = found.reply(Sent(self.command, parts.path, query, headers, data))
            if reply.hang_up == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "content-length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.data)))
            self.end_headers()
            self.wfile.write(reply.data[: reply.hang_up])
            self.close_connection = self.close_connection or reply.hang_up is not None

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - http.server's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
