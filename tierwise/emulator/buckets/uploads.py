"""Uploads to buckets: in one request, in one with its metadata, or in pieces of a session."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import orjson
from aiohttp import web

from tierwise.emulator.buckets.bucket_folder import BucketFolder
from tierwise.emulator.json_replies import json_reply
from tierwise.emulator.refusals import Refusal

_PIECE = 1 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class Upload:
    """A file that is, or will be, an object; `query` is that of the call that began it."""

    name: str
    file: Path
    query: Mapping[str, str]


class Uploads:
    """Uploads under way, below the folder of the buckets."""

    def __init__(self, buckets: BucketFolder) -> None:
        self._buckets = buckets
        self._sessions: dict[str, Upload] = {}

    async def take(self, request: web.Request, bucket: str) -> Upload | web.Response:
        """A whole upload, or what is to be replied as long as it is not.

        Raises:
          Refusal: 400 for a call that cannot be understood, 404 for a session that is not there.
        """
        kind, key = request.query.get("uploadType"), request.query.get("upload_id", "")
        if key:
            return await self._piece(request, key)
        if kind == "resumable":
            return await self._begin(request, bucket)
        file = self._buckets.new_file()
        if kind == "media":
            with file.open("wb") as written:
                async for piece in request.content.iter_chunked(_PIECE):
                    written.write(piece)
            return Upload(request.query.get("name", ""), file, request.query)
        if kind != "multipart":
            raise Refusal(400, f"Invalid upload type: {kind!r:.40}")
        name, data = _two_parts(request.content_type, request.headers, await request.read())
        file.write_bytes(data)
        return Upload(request.query.get("name") or name, file, request.query)

    async def _begin(self, request: web.Request, bucket: str) -> web.Response:
        told = _json(await request.read() or b"{}")
        name = str(told.get("name") or request.query.get("name", ""))
        key = secrets.token_hex(16)
        self._sessions[key] = Upload(name, self._buckets.new_file(), request.query)
        self._sessions[key].file.touch()
        address = f"{request.scheme}://{request.host}/upload/storage/v1/b/{bucket}/o"
        headers = {"Location": f"{address}?uploadType=resumable&upload_id={key}"}
        return json_reply({}, headers=headers)

    async def _piece(self, request: web.Request, key: str) -> Upload | web.Response:
        upload = self._sessions.get(key)
        if upload is None:
            raise Refusal(404, "The upload session does not exist.")
        if request.method == "DELETE":
            self._sessions.pop(key).file.unlink()
            return web.Response(status=499)
        told = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
        start = told[1] if told else "0"
        if start is not None:
            if int(start) != upload.file.stat().st_size:
                raise Refusal(400, "The piece does not begin where the last one ended.")
            with upload.file.open("ab") as written:
                async for piece in request.content.iter_chunked(_PIECE):
                    written.write(piece)
        size = upload.file.stat().st_size
        if told is None or told[3] == str(size):
            return self._sessions.pop(key)
        headers = {"Range": f"bytes=0-{size - 1}"} if size else {}
        return web.Response(status=HTTPStatus.PERMANENT_REDIRECT, headers=headers)


def _two_parts(kind: str, headers: Mapping[str, str], body: bytes) -> tuple[str, bytes]:
    """The name and the bytes of a `multipart/related` body: a JSON document, then the object."""
    found = re.search(r"boundary=['\"]?([^'\";]+)", headers.get("Content-Type", ""))
    if not kind.startswith("multipart/") or not found:
        raise Refusal(400, "A multipart upload needs its boundary.")
    mark = b"--" + found[1].encode()
    _, _, rest = body.partition(mark)
    metadata, _, rest = rest.partition(b"\r\n" + mark)
    data = rest.rpartition(b"\r\n" + mark)[0]
    _, _, document = metadata.partition(b"\r\n\r\n")
    _, _, content = data.partition(b"\r\n\r\n")
    return str(_json(document).get("name") or ""), content


def _json(data: bytes) -> Mapping[str, object]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"Parse Error: {error}") from error
    return document if isinstance(document, dict) else {}
