"""The cache methods of a service for those who have no event loop, a client for each call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tierwise.gemini.cache_calls import CacheCalls, SeenCache
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.service import Service
from tierwise.gemini.wire import WireJson


@dataclass(frozen=True, slots=True)
class BlockingCaches:
    """Those of one service. Each method raises what that of `CacheCalls` does."""

    service: Service

    def create(
        self, model: str, parts: Sequence[WireJson], lifetime: timedelta, display_name: str
    ) -> SeenCache:
        """Have some parts remembered as the beginning of prompts."""
        return self._call(lambda calls: calls.create(model, parts, lifetime, display_name))

    def renew(self, name: str, lifetime: timedelta) -> SeenCache:
        """Have a cache expire so long from now."""
        return self._call(lambda calls: calls.renew(name, lifetime))

    def _call(self, call: Callable[[CacheCalls], Awaitable[SeenCache]]) -> SeenCache:
        async def called() -> SeenCache:
            client = GeminiClient(self.service)
            try:
                return await call(client.caches)
            finally:
                await client.close()

        return asyncio.run(called())
