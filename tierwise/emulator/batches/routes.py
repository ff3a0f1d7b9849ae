"""A call of the batch and file methods: who may use it, and what a fault makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from tierwise.emulator.json_replies import refusal_reply
from tierwise.emulator.paths import check_caller
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.service import EmulatedService

VERSION = "{version:v1|v1beta|v1alpha}"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; faults know the call by its name."""

    method: str
    path: str
    call: str
    handler: Handler
    vertex: bool = False

    def served(self, service: EmulatedService, latency_ms: float) -> web.RouteDef:
        """The route with everything that is done before and after its handler."""

        async def handle(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(latency_ms / 1000)
            try:
                return await self._answer(request, service)
            except Refusal as refusal:
                return refusal_reply(refusal)

        return web.route(self.method, self.path, handle)

    async def _answer(self, request: web.Request, service: EmulatedService) -> web.StreamResponse:
        # The address of an upload stands for its caller.
        if self.call != "upload" or "upload_id" not in request.query:
            check_caller(self.vertex, request.headers, request.query)
        fault = service.plan.of_batch_call(self.call, request.match_info.get("model", ""))
        if fault and fault.kind == "batch_refused":
            raise Refusal(fault.settings["status"], fault.settings["message"])
        reply = await self.handler(request)
        if fault and request.transport:
            request.transport.abort()  # it was done, and nobody hears of it
        return reply
