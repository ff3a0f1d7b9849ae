"""The connections below google-genai: how far a request got, and what comes in at most.

* Sent or not is known from the connection: a request is sent once its headers are written to one.
  Before that nothing can have been billed, whatever went wrong.
* Nothing is followed elsewhere: a redirect would take the key and the picture to whoever it names.
* A body is read up to a bound, decoded as far as it can be, whatever its headers say.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies

import aiohttp

from tierwise.gemini.call_error import CallError, refusal

# Text replies end at some 65,000 tokens, a fraction of a megabyte; errors say all in a few lines.
MOST_BYTES = 8 * 1024 * 1024
MOST_BYTES_OF_ERROR = 64 * 1024
# No reply is waited for as long as nothing is sent.
CONNECT_S = 30.0
_CHUNK = 64 * 1024


@dataclass(slots=True)
class Outgoing:
    """One request on its way: `opening` ends it while it waits for a connection."""

    opening: asyncio.Timeout
    sent: bool = False


_SENDING: ContextVar[Outgoing] = ContextVar("_SENDING")


def begin_sending(opening: asyncio.Timeout) -> Outgoing:
    """Watch the request that this asyncio task sends next."""
    sending = Outgoing(opening)
    _SENDING.set(sending)
    return sending


def open_session() -> aiohttp.ClientSession:
    """One connection pool; requests are limited elsewhere.

    It is ours, for on httpx the SDK needs many times the processor time. Proxies are taken from the
    environment as the SDK does, but only where there are any: aiohttp would look for them and for a
    netrc file at every request, in threads.
    """
    watch = aiohttp.TraceConfig()
    watch.on_request_headers_sent.append(_note_sent)
    watch.on_request_redirect.append(_stay_here)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        trust_env=bool(getproxies()),
        response_class=_BoundedResponse,
        raise_for_status=_refuse,
        trace_configs=[watch],
    )


def no_connection(error: aiohttp.ClientConnectorError) -> str:
    """Where to and why not; aiohttp's own words show its settings for TLS."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = str(error.certificate_error)
    elif isinstance(error.os_error, ConnectionError) and error.os_error.errno:
        reason = os.strerror(error.os_error.errno)  # asyncio puts the address in its place
    else:
        reason = error.os_error.strerror or str(error.os_error)
    return f"no connection to {error.host}:{error.port}: {reason}"


def in_lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their name in lower case; what is no text in them is replaced."""
    return {
        name.lower(): value.encode(errors="replace").decode() for name, value in headers.items()
    }


class _BoundedResponse(aiohttp.ClientResponse):
    """A reply whose text is bounded and total; the SDK reads nothing but its text."""

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        body, whole = await _body(self, MOST_BYTES)
        if not whole:
            raise CallError(
                f"the reply is longer than {MOST_BYTES // 1024**2} MB", status=200, sent=True
            )
        return _decoded(body, encoding or self.charset or "", errors)


async def _body(response: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """The first so many bytes, and whether these are all; what is longer is not read to its end."""
    chunks, left = list[bytes](), most
    async for chunk in response.content.iter_chunked(_CHUNK):
        chunks.append(chunk[:left])
        left -= len(chunk)
        if left < 0:
            response.close()
            return b"".join(chunks), False
    response.release()
    return b"".join(chunks), True


def _decoded(body: bytes, charset: str, errors: str) -> str:
    """JSON is UTF-8, whatever is declared; what is not is read as declared, if that can be."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode(charset, errors)
    except (LookupError, ValueError):  # no such charset, none of text, or one that refuses
        return body.decode("utf-8", errors)


async def _note_sent(*_: Any) -> None:
    sending = _SENDING.get()
    sending.sent = True
    with suppress(RuntimeError):  # it has just been found too late
        sending.opening.reschedule(None)


async def _stay_here(
    _: aiohttp.ClientSession, __: Any, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    response = redirect.response
    where = in_lower_case(response.headers).get("location", "elsewhere")
    response.close()
    raise CallError(
        f"{response.status} redirects to {where[:200]}, which is not followed: the key and the "
        "picture would go there. Give the service's own address with --gemini_endpoint.",
        status=response.status,
    )


async def _refuse(response: aiohttp.ClientResponse) -> None:
    """Raise for everything but a 200; proxies and balancers refuse in HTML, or in nothing."""
    if response.status == 200:
        return
    body, _whole = await _body(response, MOST_BYTES_OF_ERROR)
    text = _decoded(body, response.charset or "", "replace")
    raise refusal(response.status, text, in_lower_case(response.headers))
