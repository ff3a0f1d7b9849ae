"""Whoever stands at an address: it is an emulator where it says so, and else what the flags say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tierwise.answerer import Answerer, ServiceKind
from tierwise.gemini.service import Service
from tierwise.gemini.who_answers import emulator_at, emulator_named
from tierwise.version import VERSION

OURS = b"x-tierwise-emulator: tierwise/1\r\n"


@contextmanager
def saying(reply: bytes) -> Iterator[str]:
    """A server that reads a request, sends these bytes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_our_emulator_names_itself(gemini: Any) -> None:
    assert emulator_at(gemini.url) == f"tierwise/{VERSION}"


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        (b"HTTP/1.1 200 OK\r\n" + OURS + b"content-length: 0\r\n\r\n", "tierwise/1"),
        (b"HTTP/1.1 403 No\r\n" + OURS + b"content-length: 0\r\n\r\n", "tierwise/1"),
        (b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", ""),
        (b"HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", ""),
        (b"\x00\xff nothing that is HTTP\r\n\r\n", ""),
        (b"", ""),
        (b"HTTP/1.1 200 OK\r\nx-tierwise-emulator: a\x1b[2Jb" + b"c" * 500 + b"\r\n\r\n", None),
    ],
)
def test_whatever_a_server_says_is_borne(reply: bytes, named: str | None) -> None:
    with saying(reply) as url:
        found = emulator_at(url)
    if named is None:
        assert found.startswith("a[2Jbc")
        assert len(found) == 200
    else:
        assert found == named


def test_nobody_is_no_emulator() -> None:
    assert emulator_at("http://127.0.0.1:1") == ""


def test_each_reply_says_who_gave_it() -> None:
    service = Service(ServiceKind.DEVELOPER)
    assert service.answerer_of({}) == Answerer(ServiceKind.DEVELOPER)
    headers = {"x-tierwise-emulator": "tierwise/1"}
    assert emulator_named(headers) == "tierwise/1"
    assert service.answerer_of(headers) == Answerer(ServiceKind.EMULATOR, "tierwise/1")
