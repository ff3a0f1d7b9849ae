"""The HTTP server: where it listens, and how long it lives."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tierwise.emulator.application import application
from tierwise.emulator.config import EmulatorConfig
from tierwise.errors import InputError
from tierwise.storage.gcs_names import HOST_VARIABLE


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
        if config.bucket:
            os.environ[HOST_VARIABLE] = address  # batch jobs read and write its own buckets
            sys.stdout.write(f"buckets of {config.bucket}: {HOST_VARIABLE}={address}\n")
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
    runner = web.AppRunner(application(config), access_log=None, shutdown_timeout=0.2)
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
