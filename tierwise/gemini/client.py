"""Sends one request through google-genai and brings back what came, or a `CallError`.

The body goes out as we wrote it (`extra_body`) and the reply comes back as raw JSON
(`should_return_http_response`): both are the SDK's public interface, and spare its conversions,
which cost more than the network. Retrying is ours alone: with `attempts=1` neither the SDK's
tenacity loop nor its silent second try on aiohttp resends a request that may have been billed.
Refusals are read by the connection pool, before the SDK would fail on those that are no JSON.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.request import getproxies

import aiohttp
import google.auth
import orjson
from google import genai
from google.auth import exceptions as auth_errors
from google.genai import types
from google.oauth2.credentials import Credentials

from tierwise.errors import InputError
from tierwise.gemini.api_key import find_key
from tierwise.gemini.service import Service, ServiceKind
from tierwise.records import ServiceTier

_API_VERSION = {
    ServiceKind.DEVELOPER: "v1beta",
    ServiceKind.EMULATOR: "v1beta",
    ServiceKind.VERTEX: "v1beta1",
}


@dataclass(frozen=True, slots=True)
class RawReply:
    """The JSON of a 200, its headers in lower case, and the milliseconds it took."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    latency_ms: int


class CallError(Exception):
    """A request that brought no 200.

    `status` is the HTTP code, 0 when there was none; `details` is Google's error JSON; `sent` says
    whether the request may have reached Google, so that it may have been billed.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        sent: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.details = details or {}
        self.headers = headers or {}
        self.sent = sent
        self.timed_out = timed_out


class GeminiClient:
    """One connection pool; make it on the event loop that uses it.

    Raises:
        InputError: no key or no credentials for a real service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        account = _account(service)
        self._secret = account["api_key"] if service.kind is ServiceKind.DEVELOPER else ""
        # Ours, for on httpx the SDK needs many times the processor time; requests are limited
        # elsewhere. Proxies are taken from the environment as the SDK does, but only where there
        # are any: aiohttp would look for them and for a netrc file at every request, in threads.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            trust_env=bool(getproxies()),
            raise_for_status=lambda response: _refuse(response, self._secret),
        )
        self._client = genai.Client(**account, http_options=_http_options(service, self._session))

    async def send(self, model: str, body: Mapping[str, Any], tier: ServiceTier) -> RawReply:
        """Ask once.

        Raises:
            CallError: anything but a 200 came back, or nothing did.
        """
        options = types.HttpOptions(
            extra_body={**body, **self._service.tier_body(tier)},
            headers=self._service.tier_headers(tier) or None,
        )
        config = _Config(
            http_options=options,
            should_return_http_response=True,
            automatic_function_calling=_NO_FUNCTIONS,
        )
        start = time.perf_counter()
        try:
            response = await self._client.aio.models.generate_content(
                model=model, contents=_PLACEHOLDER, config=config
            )
        except aiohttp.ClientConnectorError as error:
            raise CallError(_no_connection(error)) from error
        except auth_errors.TransportError as error:
            raise CallError(f"no connection: {error}") from error
        except TimeoutError as error:
            seconds = self._service.timeout_s
            raise CallError(f"no reply within {seconds:g} s", sent=True, timed_out=True) from error
        except aiohttp.ClientError as error:
            raise CallError(f"connection lost after sending: {error}", sent=True) from error
        except auth_errors.GoogleAuthError as error:
            raise CallError(f"not authorized: {error}", status=401) from error
        latency_ms = round((time.perf_counter() - start) * 1000)
        return _raw_reply(response, latency_ms, self._secret)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aio.aclose()
        await self._session.close()


# `extra_body` replaces the contents; the SDK only wants some to be there, and converts every part.
_PLACEHOLDER = types.Content(parts=[])
# Otherwise the SDK gets ready for functions that nobody calls, and copies everything once more.
_NO_FUNCTIONS = types.AutomaticFunctionCallingConfig(disable=True)


class _Config(types.GenerateContentConfig):
    """Answers quickly what the SDK asks of it.

    The SDK asks for each of forty fields whether it is there, and pydantic walks all of them for
    every answer; and it copies a config in depth, the body with it, though neither is changed.
    """

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.__copy__()


def _http_options(service: Service, session: aiohttp.ClientSession) -> types.HttpOptions:
    return types.HttpOptions(
        base_url=service.endpoint or None,
        api_version=_API_VERSION[service.kind],
        timeout=round(service.timeout_s * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        aiohttp_client=session,
    )


def _account(service: Service) -> dict[str, Any]:
    if service.kind is not ServiceKind.VERTEX:
        key = "emulator" if service.kind is ServiceKind.EMULATOR else find_key(service)
        return {"vertexai": False, "api_key": key}
    return {
        "vertexai": True,
        "project": service.project,
        "location": service.location,
        "credentials": _vertex_credentials(service),
    }


def _vertex_credentials(service: Service) -> Any:
    if service.endpoint.startswith("http://"):
        # A plain-text address is on this machine or network and no place for a Google token.
        return Credentials(token="local")  # type: ignore[no-untyped-call]  # noqa: S106
    try:
        return google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0]
    except auth_errors.DefaultCredentialsError as error:
        raise InputError(
            "No Google credentials for Vertex AI. Run `gcloud auth application-default login` or "
            "give the worker a service account."
        ) from error


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    """Where to and why not; aiohttp's own words show its settings for TLS."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = str(error.certificate_error)
    elif isinstance(error.os_error, ConnectionError) and error.os_error.errno:
        reason = os.strerror(error.os_error.errno)  # asyncio puts the address in its place
    else:
        reason = error.os_error.strerror or str(error.os_error)
    return f"no connection to {error.host}:{error.port}: {reason}"


def _without(text: str, secret: str) -> str:
    """Google quotes the key of a suspended project: "Consumer 'api_key:AIza...' has been ..."."""
    return text.replace(secret, "[key]") if secret else text


async def _refuse(response: aiohttp.ClientResponse, secret: str) -> None:
    """Raise for everything but a 200; proxies and balancers refuse in HTML, or in nothing."""
    if response.status == 200:
        return
    text = _without(await response.text(errors="replace"), secret)
    try:
        document = orjson.loads(text)
    except json.JSONDecodeError:
        document = {}
    details = document if isinstance(document, dict) else {}
    inner = details.get("error")
    stated = inner if isinstance(inner, dict) else {"message": " ".join(text[:200].split())}
    words = (str(stated.get(key) or "") for key in ("status", "message"))
    raise CallError(
        f"{response.status} " + ": ".join(word for word in words if word),
        status=response.status,
        details=details,
        headers={name.lower(): value for name, value in response.headers.items()},
    )


def _raw_reply(response: types.GenerateContentResponse, latency_ms: int, secret: str) -> RawReply:
    http = response.sdk_http_response
    text = _without((http.body if http else None) or "", secret)
    headers = {name.lower(): value for name, value in ((http and http.headers) or {}).items()}
    try:
        body = orjson.loads(text)
    except json.JSONDecodeError as error:
        raise CallError(f"the reply is not JSON: {text[:80]!r}", status=200, sent=True) from error
    if not isinstance(body, dict):
        raise CallError(f"the reply is no JSON object: {text[:80]!r}", status=200, sent=True)
    return RawReply(body, headers, latency_ms)
