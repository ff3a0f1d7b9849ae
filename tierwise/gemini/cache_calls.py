"""The cache methods of google-genai, with the errors of every other call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import orjson
from google import genai
from google.genai import types

from tierwise.gemini.call_error import CallError
from tierwise.gemini.wire import WireJson
from tierwise.journal.cache_records import CacheLife
from tierwise.prices.cache_terms import CacheTerms

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SeenCache:
    """What the service says of a cache: its name and ours for it, tokens, and its times."""

    name: str
    display_name: str
    tokens: int
    created: datetime
    expires: datetime

    def life(self, terms: CacheTerms | None) -> CacheLife:
        """The same with what it costs; nothing where nobody knows the terms."""
        cost = terms.cost(self.tokens, self.expires - self.created) if terms else 0
        return CacheLife(self.name, self.tokens, self.created, self.expires, cost)


class Guarded(Protocol):
    """Carries a call out, and raises CallError for all that can go wrong with it."""

    async def __call__(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """What the call gives."""


class CacheCalls:
    """Belongs to one client. Each method raises CallError where the service does not do it."""

    def __init__(self, client: genai.Client, guarded: Guarded) -> None:
        self._client = client
        self._guarded = guarded

    async def create(
        self, model: str, parts: Sequence[WireJson], lifetime: timedelta, display_name: str
    ) -> SeenCache:
        """Have some parts remembered as the beginning of prompts."""
        found = [types.Part.model_validate_json(orjson.dumps(part)) for part in parts]
        config = types.CreateCachedContentConfig(
            contents=[types.Content(role="user", parts=found)],
            ttl=_ttl(lifetime),
            display_name=display_name,
        )
        caches = self._client.aio.caches
        return _seen(await self._guarded(lambda: caches.create(model=model, config=config)))

    async def renew(self, name: str, lifetime: timedelta) -> SeenCache:
        """Have a cache expire so long from now."""
        config = types.UpdateCachedContentConfig(ttl=_ttl(lifetime))
        caches = self._client.aio.caches
        return _seen(await self._guarded(lambda: caches.update(name=name, config=config)))

    async def delete(self, name: str) -> None:
        """Forget a cache; one that is gone already is no error."""
        try:
            await self._guarded(lambda: self._client.aio.caches.delete(name=name))
        except CallError as error:
            if error.status not in (403, 404):
                raise

    async def living(self) -> list[SeenCache]:
        """All caches of the account that are there now and say enough of themselves.

        The account may hold others' caches, of any kind.
        """

        async def pages() -> list[SeenCache]:
            living = list[SeenCache]()
            async for one in await self._client.aio.caches.list():
                with suppress(CallError):
                    living.append(_seen(one))
            return living

        return await self._guarded(pages)


def _ttl(lifetime: timedelta) -> str:
    return f"{lifetime // timedelta(seconds=1)}s"


def _seen(said: Any) -> SeenCache:
    usage = said.usage_metadata
    tokens = usage.total_token_count if usage else None
    if not (said.name and tokens and said.create_time and said.expire_time):
        raise CallError("the reply does not say what was cached", status=200, sent=True)
    return SeenCache(said.name, said.display_name or "", tokens, said.create_time, said.expire_time)
