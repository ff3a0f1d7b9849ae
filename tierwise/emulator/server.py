"""The HTTP server around the service."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import orjson
from aiohttp import web

from tierwise.emulated import HEADER, PATH, Identity
from tierwise.emulator.catalogue import models_document
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.doors import check_door
from tierwise.emulator.faults import Faults, read_faults, read_faults_file
from tierwise.emulator.known import Knowledge, know_pictures
from tierwise.emulator.paths import check_caller, read_path
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.service import EmulatedReply, EmulatedService, refused
from tierwise.errors import InputError
from tierwise.prices.price_rows import Price, load_prices
from tierwise.shown import counted
from tierwise.version import VERSION

_MAX_BODY = 512 * 1024**2
_HANG_POLL_S = 0.05


def serve(config: EmulatorConfig) -> None:
    """Serve until SIGINT, SIGTERM or, with `exit_with_parent`, the end of standard input.

    Prints one line with the address once it listens, and before it, on standard error, which known
    pictures were left out.

    Raises:
      InputError: the faults, the known pictures or the address cannot be used.
    """
    asyncio.run(_serve(config))


async def _serve(config: EmulatorConfig) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if config.exit_with_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, ended), daemon=True).start()
    async with listening(config) as address:
        sys.stdout.write(f"tierwise emulator listening on {address} (emulated answers)\n")
        sys.stdout.flush()
        await ended.wait()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    # Not through `sys.stdin`, whose lock would be held by this thread when the process ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(ended.set)


@asynccontextmanager
async def listening(config: EmulatorConfig) -> AsyncIterator[str]:
    """A server on the running loop; gives its base URL.

    Raises:
      InputError: the faults, the known pictures or the address cannot be used.
    """
    runner = web.AppRunner(_application(config), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.host, config.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            where = f"--port {config.port} on {config.host}"
            raise InputError(f"{where}: {error.strerror or error}. Choose another port.") from error
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _prices(path: str) -> tuple[Price, ...]:
    if not path:
        return ()
    try:
        return load_prices(Path(path).read_text("utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--prices={path}: cannot be read: {error}.") from error


def _application(config: EmulatorConfig) -> web.Application:
    knowledge = _knowledge(config.knows)
    service = EmulatedService(
        faults=read_faults_file(Path(config.faults)) if config.faults else Faults(),
        known=knowledge.pictures if knowledge else None,
        prices=_prices(config.prices),
        today=lambda: _today(config),
        now=monotonic,
    )
    handlers = _Handlers(service, config, knowledge)
    application = web.Application(client_max_size=_MAX_BODY, middlewares=[_guarded])
    application.on_response_prepare.append(handlers.sign)
    application.add_routes(
        [
            web.get(PATH, handlers.identity),
            web.get(f"{PATH}/bill", handlers.bill),
            web.get(f"{PATH}/requests", handlers.requests),
            web.put(f"{PATH}/faults", handlers.faults),
            web.post(f"{PATH}/reset", handlers.reset),
            web.post("/{path:.*}", handlers.call),
            web.get("/{path:.*}", handlers.models),
        ]
    )
    return application


def _knowledge(directory: str) -> Knowledge | None:
    if not directory:
        return None
    knowledge = know_pictures(Path(directory))
    if knowledge.skipped:
        left_out = ", ".join(str(path.relative_to(directory)) for path in knowledge.skipped[:3])
        more = ", ..." if len(knowledge.skipped) > 3 else ""
        sys.stderr.write(
            f"known pictures in {directory}: {knowledge.count} known; "
            f"{counted(len(knowledge.skipped), 'file')} left out, for they are no pictures that "
            f"can be read: {left_out}{more}\n"
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
            return _json(refusal.status, orjson.dumps(refusal.body()))
    return await handler(request)


def _today(config: EmulatorConfig) -> date:
    return config.price_date or datetime.now(UTC).date()


class _Handlers:
    def __init__(
        self, service: EmulatedService, config: EmulatorConfig, knowledge: Knowledge | None
    ) -> None:
        self._service = service
        self._config = config
        self._identity = Identity(VERSION, knowledge.fingerprint if knowledge else "")
        self._pictures = (knowledge.count, len(knowledge.skipped)) if knowledge else (0, 0)

    async def sign(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers[HEADER] = self._identity.header

    async def identity(self, _: web.Request) -> web.Response:
        known, skipped = self._pictures
        document = {**self._identity.document(), "known_pictures": known, "skipped_files": skipped}
        return _json(200, orjson.dumps(document, option=orjson.OPT_INDENT_2))

    async def bill(self, _: web.Request) -> web.Response:
        return _json(200, orjson.dumps(self._service.bill.document(), option=orjson.OPT_INDENT_2))

    async def requests(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines = list(self._service.log)
        for start in range(0, len(lines), 500):
            await response.write(b"".join(line + b"\n" for line in lines[start : start + 500]))
        await response.write_eof()
        return response

    async def faults(self, request: web.Request) -> web.Response:
        try:
            document = orjson.loads(await request.read())
            self._service.set_faults(read_faults(document, "PUT /emulator/faults"))
        except (InputError, orjson.JSONDecodeError) as error:
            return _json(400, orjson.dumps(Refusal(400, str(error)).body()))
        return _json(200, b"{}")

    async def reset(self, _: web.Request) -> web.Response:
        self._service.reset()
        return _json(200, b"{}")

    async def models(self, request: web.Request) -> web.Response:
        try:
            check_caller(False, request.headers, request.query)
            document = models_document(request.path, _today(self._config))
        except Refusal as refusal:
            return _json(refusal.status, orjson.dumps(refusal.body()))
        return _json(200, orjson.dumps(document))

    async def call(self, request: web.Request) -> web.StreamResponse:
        arrived = monotonic()
        reply = await self._reply(request)
        due = arrived + (self._config.latency_ms + reply.delay_ms) / 1000
        await asyncio.sleep(max(0.0, due - monotonic()))
        if reply.fate == "hang":
            await _until_gone(request)
        if reply.fate == "drop" and request.transport:
            request.transport.abort()
        return _json(reply.status or 500, reply.body, reply.headers)

    async def _reply(self, request: web.Request) -> EmulatedReply:
        body = await request.read()
        try:
            call = read_path(request.path)
            check_caller(call.vertex, request.headers, request.query)
        except Refusal as refusal:
            return refused(refusal)
        if call.method == "countTokens":
            return await self._service.count(call, body, request.headers)
        return await self._service.generate(call, body, request.headers)


async def _until_gone(request: web.Request) -> None:
    while request.transport and not request.transport.is_closing():
        await asyncio.sleep(_HANG_POLL_S)


def _json(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=body, content_type="application/json", headers=headers or {}
    )
