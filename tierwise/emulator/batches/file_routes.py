"""The Files API over HTTP: resumable uploads, `files.get`, `files.list`, `files.delete`.

An upload begins with `X-Goog-Upload-Command: start`; its address takes `upload` for each piece and
`upload, finalize` for the last, and says by `query` how much it has.
"""

from __future__ import annotations

import orjson
from aiohttp import web

from tierwise.emulator.batches.pages import page_of
from tierwise.emulator.batches.routes import VERSION, Route
from tierwise.emulator.batches.stored_files import StoredFiles
from tierwise.emulator.json_replies import json_reply
from tierwise.emulator.refusals import Refusal

_PIECE = 1 << 20


class FileRoutes:
    """Handlers of the Files API."""

    def __init__(self, files: StoredFiles) -> None:
        self._files = files

    def routes(self) -> list[Route]:
        """What is served."""
        return [
            Route("POST", f"/upload/{VERSION}/files", "upload", self.upload),
            Route("GET", f"/{VERSION}/files", "files", self.list),
            Route("GET", f"/{VERSION}/files/{{id:[^/:]+}}", "files", self.get),
            Route("DELETE", f"/{VERSION}/files/{{id:[^/:]+}}", "files", self.delete),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        """Begin an upload, or take a piece of one."""
        command = request.headers.get("X-Goog-Upload-Command", "")
        steps = {step.strip().lower() for step in command.split(",")}
        if "start" in steps:
            return await self._start(request)
        key = request.query.get("upload_id", "")
        if "query" in steps:
            received = str(self._files.upload(key).offset)
            headers = {"X-Goog-Upload-Status": "active", "X-Goog-Upload-Size-Received": received}
            return json_reply({}, headers=headers)
        if steps == {"cancel"}:
            self._files.upload(key)
            self._files.drop(key)
            return json_reply({}, headers={"X-Goog-Upload-Status": "cancelled"})
        if not steps <= {"upload", "finalize"} or not command:
            raise Refusal(400, f"Invalid upload command: {command!r:.40}.")
        if "upload" in steps:
            await self._take(request, key)
        if "finalize" not in steps:
            return json_reply({}, headers={"X-Goog-Upload-Status": "active"})
        file = self._files.finish(key)
        document = {"file": file.document(_base_url(request))}
        return json_reply(document, headers={"X-Goog-Upload-Status": "final"})

    async def list(self, request: web.Request) -> web.Response:
        """Files, newest first."""
        files, token = page_of(self._files.all(), request.query, lambda file: file.name)
        document = {"files": [file.document(_base_url(request)) for file in files]}
        return json_reply(document | ({"nextPageToken": token} if token else {}))

    async def get(self, request: web.Request) -> web.Response:
        """One file."""
        file = self._files.get(f"files/{request.match_info['id']}")
        return json_reply(file.document(_base_url(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one."""
        self._files.delete(f"files/{request.match_info['id']}")
        return json_reply({})

    async def _start(self, request: web.Request) -> web.Response:
        try:
            told = (orjson.loads(await request.read() or b"{}") or {}).get("file") or {}
        except (orjson.JSONDecodeError, AttributeError) as error:
            raise Refusal(400, f"Invalid JSON payload received. {error}") from error
        length = request.headers.get("X-Goog-Upload-Header-Content-Length", "")
        mime_type = request.headers.get("X-Goog-Upload-Header-Content-Type", "")
        key = self._files.begin(
            name=told.get("name") or "",
            display_name=told.get("displayName") or told.get("display_name") or "",
            mime_type=told.get("mimeType") or mime_type or "application/octet-stream",
            size=int(length) if length.isdecimal() else 0,
        )
        address = f"{_base_url(request)}{request.path}?upload_id={key}&upload_protocol=resumable"
        headers = {
            "X-Goog-Upload-URL": address,
            "X-Goog-Upload-Status": "active",
            "X-Goog-Upload-Chunk-Granularity": "8388608",
        }
        return json_reply({}, headers=headers)

    async def _take(self, request: web.Request, key: str) -> None:
        upload = self._files.upload(key)
        offset = request.headers.get("X-Goog-Upload-Offset", "0")
        if not offset.isdecimal() or int(offset) != upload.offset:
            raise Refusal(400, f"The offset is {offset:.40}, and {upload.offset} bytes have come.")
        async for piece in request.content.iter_chunked(_PIECE):
            upload.write(piece)


def _base_url(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
