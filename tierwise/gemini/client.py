"""Sends one request through google-genai and brings back what came, or a `CallError`.

The body goes out as we wrote it (`extra_body`) and the reply comes back as raw JSON
(`should_return_http_response`): both are the SDK's public interface, and spare its conversions,
which cost more than the network. Retrying is ours alone: with `attempts=1` neither the SDK's
tenacity loop nor its silent second try on aiohttp resends a request that may have been billed.
Refusals are read by the connection pool, before the SDK would fail on those that are not JSON.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

import aiohttp
import orjson
from google import genai
from google.auth import exceptions as auth_errors
from google.genai import types

from tierwise.answerer import ServiceKind
from tierwise.gemini.api_key import find_key, without_key
from tierwise.gemini.cache_calls import CacheCalls
from tierwise.gemini.call_error import CallError
from tierwise.gemini.connection import (
    CONNECT_S,
    begin_sending,
    in_lower_case,
    no_connection,
    open_session,
)
from tierwise.gemini.credentials import Tokens, no_token, vertex_credentials
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.service import Service
from tierwise.records import ServiceTier

Result = TypeVar("Result")


class GeminiClient:
    """One connection pool; make it on the event loop that uses it.

    Raises:
        InputError: no key or no credentials for a real service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        account = _account(service)
        self._secret = account["api_key"] if service.kind is ServiceKind.DEVELOPER else ""
        self._tokens = Tokens(account["credentials"]) if "credentials" in account else None
        self._session = open_session()
        self._client = genai.Client(**account, http_options=_http_options(service, self._session))
        self.caches = CacheCalls(self._client, self._guarded)
        build = types.GenerateContentResponse.model_rebuild
        asyncio.get_running_loop().call_later(_ON_ITS_WAY_S, build)

    async def send(
        self,
        model: str,
        body: Mapping[str, Any],
        tier: ServiceTier,
        *,
        fresh_token: bool = False,
    ) -> RawReply:
        """Ask once; `fresh_token` renews the token before, where there is one.

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
        models, start = self._client.aio.models, 0.0

        async def generate() -> RawReply:
            nonlocal start
            start = time.perf_counter()
            response = await models.generate_content(
                model=model, contents=_PLACEHOLDER, config=config
            )
            return _raw_reply(response, round((time.perf_counter() - start) * 1000))

        return await self._guarded(generate, fresh_token=fresh_token)

    def hide(self, text: str) -> str:
        """The text without our key, for whoever shows or logs it."""
        return without_key(text, self._secret)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aio.aclose()
        await self._session.close()

    async def _guarded(
        self, call: Callable[[], Awaitable[Result]], *, fresh_token: bool = False
    ) -> Result:
        """One call of the SDK; raises CallError for what goes wrong, without our key in it."""
        try:
            if self._tokens:
                await (self._tokens.renew() if fresh_token else self._tokens.ready())
            return await self._called(call)
        except CallError as error:
            error.args = (self.hide(str(error)),)
            raise

    async def _called(self, call: Callable[[], Awaitable[Result]]) -> Result:
        opening = asyncio.timeout(CONNECT_S)
        sending = begin_sending(opening)
        try:
            async with opening:
                return await call()
        except CallError:
            raise
        except Exception as error:
            raise self._failure(error, sent=sending.sent) from error

    def _failure(self, error: Exception, *, sent: bool) -> Exception:
        """What an error of the SDK, or of what lies below it, means; a bug stays what it is."""
        if isinstance(error, auth_errors.GoogleAuthError):
            return no_token(error)
        if isinstance(error, TimeoutError | aiohttp.ClientError | OSError):
            return _lost(error, self._service.timeout_s) if sent else _unsent(error)
        if sent:
            words = f"{type(error).__name__}: {error}"[:200]
            return CallError(f"the reply cannot be read: {words}", status=200, sent=True)
        return error


_UNREACHABLE = (
    "no connection: the address does not answer, so that nothing was sent or billed. See whether "
    "a firewall is in the way, and whether workers without an external address have Private "
    "Google Access"
)


# By then the first request is on its way. Google's library would build, once there is a reply, what
# it makes of any, and all would wait for it as long as for a reply from nearby.
_ON_ITS_WAY_S = 0.1


def _lost(error: Exception, timeout_s: float) -> CallError:
    """What became of it, nobody knows."""
    if isinstance(error, TimeoutError):
        return CallError(f"no reply within {timeout_s:g} s", sent=True, timed_out=True)
    return CallError(f"connection lost after sending: {error}", sent=True)


def _unsent(error: Exception) -> CallError:
    """Nothing can have been billed."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return CallError(no_connection(error))
    if isinstance(error, TimeoutError):
        return CallError(_UNREACHABLE)
    return CallError(f"no connection: {error}")


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
        api_version=service.api_version,
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
        "credentials": vertex_credentials(service),
    }


def _raw_reply(response: types.GenerateContentResponse, latency_ms: int) -> RawReply:
    http = response.sdk_http_response
    text = (http.body if http else None) or ""
    headers = in_lower_case((http.headers if http else None) or {})
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CallError(f"the reply is not JSON: {text[:80]!r}", status=200, sent=True) from error
    if not isinstance(body, dict):
        raise CallError(f"the reply is not a JSON object: {text[:80]!r}", status=200, sent=True)
    return RawReply(body, headers, latency_ms)
