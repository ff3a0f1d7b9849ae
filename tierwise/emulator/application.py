"""What is served: the calls of both APIs, and the control paths."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import orjson
from aiohttp import web

from tierwise.emulated import HEADER, LOOKS, PATH, Identity
from tierwise.emulator.batches.batch_api import BatchApi
from tierwise.emulator.buckets.storage_api import StorageApi
from tierwise.emulator.cache_routes import CacheRoutes
from tierwise.emulator.catalogue import models_document
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.doors import check_door
from tierwise.emulator.faults import Faults, read_faults, read_faults_file
from tierwise.emulator.json_replies import json_reply, refusal_reply
from tierwise.emulator.known import Knowledge, know_pictures
from tierwise.emulator.looks import look_at as plain_look
from tierwise.emulator.mistakes import Mistakes
from tierwise.emulator.paths import Call, check_caller, read_path
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.seeing import LookAt, way_of_seeing
from tierwise.emulator.service import EmulatedReply, EmulatedService, refused
from tierwise.errors import InputError
from tierwise.prices.price_day import price_day
from tierwise.prices.price_rows import Price, load_prices
from tierwise.shown import counted
from tierwise.version import VERSION

_MAX_BODY = 512 * 1024**2
_HANG_POLL_S = 0.05
_MEGABYTE = 1024**2


def application(config: EmulatorConfig) -> web.Application:
    """The emulator as an aiohttp application.

    Raises:
      InputError: the faults, the prices or the known pictures cannot be used.
    """
    look_at, sees = _seeing(config)
    knowledge = _knowledge(config, look_at)
    service = EmulatedService(
        faults=read_faults_file(Path(config.faults)) if config.faults else Faults(),
        known=knowledge.pictures if knowledge else None,
        look_at=look_at,
        prices=_prices(config.prices),
        interference=config.interference,
        today=lambda: _today(config),
        now=monotonic,
    )
    batches = BatchApi(service, config)
    handlers = _Handlers(service, batches, config, knowledge, sees)
    served = web.Application(client_max_size=_MAX_BODY, middlewares=[_guarded])
    served.on_response_prepare.append(handlers.sign)
    served.on_cleanup.append(batches.close)
    served.add_routes(
        [
            web.get(PATH, handlers.identity),
            web.get(f"{PATH}/bill", handlers.bill),
            web.get(f"{PATH}/requests", handlers.requests),
            web.get(f"{PATH}/batches", handlers.jobs),
            web.get(f"{PATH}/caches", handlers.caches),
            web.put(f"{PATH}/faults", handlers.faults),
            web.get(f"{PATH}/faults", handlers.struck),
            web.post(f"{PATH}/reset", handlers.reset),
            *batches.routes(),
            *CacheRoutes(service).routes(),
            *(_storage(config.bucket).routes() if config.bucket else ()),
            web.post("/{path:.*}", handlers.call),
            web.get("/{path:.*}", handlers.models),
        ]
    )
    return served


def _storage(folder: str) -> StorageApi:
    try:
        return StorageApi(Path(folder))
    except OSError as error:
        raise InputError(
            f"--bucket={folder}: {error}. Give a folder that can be written."
        ) from error


def _prices(path: str) -> tuple[Price, ...]:
    if not path:
        return ()
    try:
        return load_prices(Path(path).read_text("utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--prices={path}: cannot be read: {error}.") from error


def _seeing(config: EmulatorConfig) -> tuple[LookAt, str]:
    """How pictures are looked at, and its name."""
    if config.knows:
        return way_of_seeing(config.sees)
    if config.sees != LOOKS or config.errors_at_random or config.errors_where_unclear:
        raise InputError(
            "What an emulator sees of pictures, and its errors on purpose, are for answers from "
            "known pictures: give a folder of them as well, with --emulator_knows or, for "
            "`tierwise emulator`, --knows."
        )
    return plain_look, ""


def _knowledge(config: EmulatorConfig, look_at: LookAt) -> Knowledge | None:
    if not (directory := config.knows):
        return None
    mistakes = Mistakes(config.errors_at_random, config.errors_where_unclear)
    knowledge = know_pictures(Path(directory), look_at, mistakes)
    if knowledge.skipped:
        left_out = ", ".join(str(path.relative_to(directory)) for path in knowledge.skipped[:3])
        more = ", ..." if len(knowledge.skipped) > 3 else ""
        sys.stderr.write(
            f"known pictures in {directory}: {knowledge.count} known; "
            f"{counted(len(knowledge.skipped), 'file')} left out that cannot be read as pictures: "
            f"{left_out}{more}\n"
        )
    return knowledge


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Control paths are for this machine; what Google serves is for everybody."""
    if request.path == PATH or request.path.startswith(f"{PATH}/"):
        try:
            check_door(request.headers)
        except Refusal as refusal:
            return refusal_reply(refusal)
    return await handler(request)


def _today(config: EmulatorConfig) -> date:
    return config.price_date or price_day(datetime.now(UTC))


class _Handlers:
    def __init__(
        self,
        service: EmulatedService,
        batches: BatchApi,
        config: EmulatorConfig,
        knowledge: Knowledge | None,
        sees: str,
    ) -> None:
        self._service = service
        self._batches = batches
        self._config = config
        fingerprint = knowledge.fingerprint if knowledge else ""
        self._identity = Identity(
            VERSION,
            fingerprint,
            config.interference,
            sees,
            config.errors_at_random,
            config.errors_where_unclear,
        )
        self._pictures = (knowledge.count, len(knowledge.skipped)) if knowledge else (0, 0)

    async def sign(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers[HEADER] = self._identity.header

    async def identity(self, _: web.Request) -> web.Response:
        known, skipped = self._pictures
        document = {**self._identity.document(), "known_pictures": known, "skipped_files": skipped}
        return json_reply(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    async def bill(self, _: web.Request) -> web.Response:
        return json_reply(orjson.dumps(self._service.bill.document(), option=orjson.OPT_INDENT_2))

    async def requests(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines = list(self._service.log)
        for start in range(0, len(lines), 500):
            await response.write(b"".join(line + b"\n" for line in lines[start : start + 500]))
        await response.write_eof()
        return response

    async def jobs(self, _: web.Request) -> web.Response:
        return json_reply(orjson.dumps(self._batches.document(), option=orjson.OPT_INDENT_2))

    async def caches(self, _: web.Request) -> web.Response:
        document = self._service.caches.document()
        return json_reply(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    async def faults(self, request: web.Request) -> web.Response:
        try:
            document = orjson.loads(await request.read())
            self._service.set_faults(read_faults(document, "PUT /emulator/faults"))
        except (InputError, orjson.JSONDecodeError) as error:
            return refusal_reply(Refusal(400, str(error)))
        return json_reply({})

    async def struck(self, _: web.Request) -> web.Response:
        return json_reply(orjson.dumps(self._service.plan.document(), option=orjson.OPT_INDENT_2))

    async def reset(self, _: web.Request) -> web.Response:
        await self._batches.clear()
        self._service.reset()
        return json_reply({})

    async def models(self, request: web.Request) -> web.Response:
        try:
            check_caller(False, request.headers, request.query)
            document = models_document(request.path, _today(self._config))
        except Refusal as refusal:
            return refusal_reply(refusal)
        return json_reply(document)

    async def call(self, request: web.Request) -> web.StreamResponse:
        arrived = monotonic()
        try:
            call = read_path(request.path)
        except Refusal as refusal:
            await request.read()
            return await _send(request, refused(refusal))
        if self._service.swallows(call):
            await _until_gone(request)
            return web.Response(status=500)  # nobody is there any more to get it
        reply = await self._reply(request, call)
        due = arrived + (self._config.latency_ms + reply.delay_ms) / 1000
        await asyncio.sleep(max(0.0, due - monotonic()))
        if reply.fate == "hang":
            await _until_gone(request)
        if reply.fate == "drop" and request.transport:
            request.transport.abort()
        return await _send(request, reply)

    async def _reply(self, request: web.Request, call: Call) -> EmulatedReply:
        body = await request.read()
        try:
            check_caller(call.vertex, request.headers, request.query)
        except Refusal as refusal:
            return refused(refusal)
        if call.method == "countTokens":
            return await self._service.count(call, body, request.headers)
        return await self._service.generate(call, body, request.headers)


async def _send(request: web.Request, reply: EmulatedReply) -> web.StreamResponse:
    """The reply, whole or as far as its fate lets it come."""
    headers = {**reply.headers, "Content-Type": reply.content_type}
    if reply.fate != "cut_body" and not reply.padding:
        return web.Response(status=reply.status or 500, body=reply.body, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body) + reply.padding * _MEGABYTE
    await response.prepare(request)
    if reply.fate == "cut_body" and request.transport:
        await response.write(reply.body[: len(reply.body) // 2])
        request.transport.abort()
        return response
    await response.write(reply.body[:-1])
    with suppress(ConnectionError):  # whoever does not want so much goes
        for _ in range(reply.padding):
            await response.write(b" " * _MEGABYTE)
        await response.write_eof(reply.body[-1:])
    return response


async def _until_gone(request: web.Request) -> None:
    while request.transport and not request.transport.is_closing():
        await asyncio.sleep(_HANG_POLL_S)
