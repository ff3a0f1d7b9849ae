"""A server that takes any upload and answers a job at once: `python -m bench.batches.sink RESULTS`.

It speaks what the Developer API's batch jobs need of Google's protocol, reads nothing of what it is
sent, and gives the results of a file, so that a large job costs its client's work alone. Prints its
address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

_FILE, _JOB = "files/input", "batches/one"


def application(results: Path) -> web.Application:
    """The server; every job has the results of this file."""
    display_name = ""

    async def upload(request: web.Request) -> web.Response:
        steps = request.headers.get("X-Goog-Upload-Command", "")
        if "start" in steps:
            address = f"http://{request.host}{request.path}?upload_id=1"
            headers = {"X-Goog-Upload-URL": address, "X-Goog-Upload-Status": "active"}
            return web.json_response({}, headers=headers)
        async for _ in request.content.iter_chunked(1 << 20):
            pass
        final = "finalize" in steps
        headers = {"X-Goog-Upload-Status": "final" if final else "active"}
        file = {"file": {"name": _FILE, "state": "ACTIVE"}} if final else {}
        return web.json_response(file, headers=headers)

    async def create(request: web.Request) -> web.Response:
        nonlocal display_name
        display_name = (await request.json())["batch"]["displayName"]
        return web.json_response({"name": _JOB, "metadata": {"state": "BATCH_STATE_PENDING"}})

    async def get(_: web.Request) -> web.Response:
        metadata = {
            "state": "BATCH_STATE_SUCCEEDED",
            "displayName": display_name,
            "inputConfig": {"fileName": _FILE},
            "output": {"responsesFile": "files/batch-one"},
        }
        return web.json_response({"name": _JOB, "done": True, "metadata": metadata})

    async def download(_: web.Request) -> web.FileResponse:
        return web.FileResponse(results)

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response({})

    served = web.Application(client_max_size=1 << 32)
    served.add_routes(
        [
            web.post("/upload/v1beta/files", upload),
            web.post("/v1beta/models/{model}", create),
            web.get("/v1beta/batches/one", get),
            web.get("/download/v1beta/files/batch-one:download", download),
            web.get("/v1beta/files", nothing),
            web.delete("/v1beta/{path:.*}", nothing),
        ]
    )
    return served


async def _serve(results: Path) -> None:
    runner = web.AppRunner(application(results))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever started it is gone
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
