"""The JSON API of Cloud Storage over HTTP, for folders of this machine.

Served are buckets (list, create, get), objects (list, get, download with ranges, delete, rewrite,
copy, compose; a patch changes nothing), and the three kinds of uploads.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson
from aiohttp import web

from tierwise.emulator.buckets.bucket_folder import BucketFolder, Conditions, StoredObject
from tierwise.emulator.buckets.checksums import ChecksumMemory
from tierwise.emulator.buckets.downloads import send_file
from tierwise.emulator.buckets.listing import page_of
from tierwise.emulator.buckets.uploads import Uploads
from tierwise.emulator.doors import check_door
from tierwise.emulator.json_replies import json_reply, refusal_reply
from tierwise.emulator.refusals import Refusal

_ROOTS = ("", "/download", "/upload", "/resumable/upload")
_PREFIX = "/storage/v1/b"
Handler = Callable[[web.Request, list[str]], Awaitable[web.StreamResponse]]


class StorageApi:
    """Serves the buckets below one folder."""

    def __init__(self, root: Path) -> None:
        self._buckets = BucketFolder(root)
        self._checksums = ChecksumMemory()
        self._uploads = Uploads(self._buckets)

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served."""
        paths = [f"{root}{_PREFIX}{rest}" for root in _ROOTS for rest in ("", "/{rest:.*}")]
        return [web.route("*", path, self.serve) for path in paths]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Any call."""
        # As it came over the wire: a name is one part of the path, whatever it has in it.
        raw, _, _ = request.raw_path.partition("?")
        root, _, rest = raw.partition(_PREFIX)
        parts = [unquote(part) for part in rest.removeprefix("/").split("/")] if rest else []
        try:
            check_door(request.headers)
            return await self._handler(request.method, root, parts)(request, parts)
        except Refusal as refusal:
            return refusal_reply(refusal)

    def _handler(self, method: str, root: str, parts: list[str]) -> Handler:
        if root.endswith("/upload"):
            return self._upload
        verb = parts[3] if len(parts) > 3 else ""
        handler = self._handlers().get((method, len(parts) if not verb else -1, verb))
        if handler is None:
            raise Refusal(501, f"The emulator serves no {method} of {'/'.join(parts)!r:.80}.")
        return handler

    def _handlers(self) -> dict[tuple[str, int, str], Handler]:
        return {
            ("GET", 0, ""): self._list_buckets,
            ("POST", 0, ""): self._create_bucket,
            ("GET", 1, ""): self._get_bucket,
            ("GET", 2, ""): self._list,
            ("GET", 3, ""): self._get,
            ("PATCH", 3, ""): self._stat,
            ("DELETE", 3, ""): self._delete,
            ("POST", -1, "rewriteTo"): self._copy,
            ("POST", -1, "copyTo"): self._copy,
            ("POST", -1, "compose"): self._compose,
        }

    async def _list_buckets(self, _: web.Request, __: list[str]) -> web.Response:
        items = [_bucket(name) for name in self._buckets.buckets()]
        return json_reply({"kind": "storage#buckets", "items": items})

    async def _create_bucket(self, request: web.Request, _: list[str]) -> web.Response:
        name = (await _document(request)).get("name") or ""
        self._buckets.create(name)
        return json_reply(_bucket(name))

    async def _get_bucket(self, _: web.Request, parts: list[str]) -> web.Response:
        self._buckets.folder(parts[0])
        return json_reply(_bucket(parts[0]))

    async def _list(self, request: web.Request, parts: list[str]) -> web.Response:
        query = request.query
        listed = await asyncio.to_thread(self._buckets.listed, parts[0], query.get("prefix", ""))
        page = page_of(listed, query)
        items = await asyncio.to_thread(lambda: [self._shown(found) for found in page.items])
        document = {"kind": "storage#objects", "items": items, "prefixes": page.prefixes}
        token = {"nextPageToken": page.next_token} if page.next_token else {}
        return json_reply(document | token)

    async def _get(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        if request.query.get("alt") != "media":
            return await self._stat(request, parts)
        found = self._found(request, parts)
        shown = self._shown(found)
        headers = {
            "Content-Type": shown["contentType"],
            "X-Goog-Generation": shown["generation"],
            "X-Goog-Hash": f"crc32c={shown['crc32c']},md5={shown['md5Hash']}",
            "X-Goog-Stored-Content-Length": shown["size"],
        }
        return await send_file(request, found.path, headers)

    async def _stat(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        return json_reply(self._shown(self._found(request, parts)))

    async def _delete(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        conditions = conditions_of(request.query)
        self._buckets.delete(parts[0], parts[2], conditions)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _copy(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        source = self._buckets.get(parts[0], parts[2], _number(request.query, "sourceGeneration"))
        Conditions(_number(request.query, "ifSourceGenerationMatch")).check(source)
        _, _, _, verb, _, bucket, _, name = parts
        file = self._buckets.copy(source)
        made = self._put(bucket, name, file, conditions_of(request.query))
        if verb == "copyTo":
            return json_reply(self._shown(made))
        size = str(made.size)
        done: dict[str, Any] = {"totalBytesRewritten": size, "objectSize": size, "done": True}
        done |= {"kind": "storage#rewriteResponse", "resource": self._shown(made)}
        return json_reply(done)

    async def _compose(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        sources = (await _document(request)).get("sourceObjects") or []
        file = self._buckets.new_file()
        with file.open("wb") as joined:
            for source in sources:
                joined.write(self._buckets.get(parts[0], source["name"]).path.read_bytes())
        made = self._put(parts[0], parts[2], file, conditions_of(request.query))
        return json_reply(self._shown(made))

    async def _upload(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        self._buckets.folder(parts[0])
        done = await self._uploads.take(request, parts[0])
        if isinstance(done, web.Response):
            return done
        made = self._put(parts[0], done.name, done.file, conditions_of(done.query))
        return json_reply(self._shown(made))

    def _put(self, bucket: str, name: str, file: Path, conditions: Conditions) -> StoredObject:
        try:
            return self._buckets.put(bucket, name, file, conditions)
        finally:
            with suppress(FileNotFoundError):  # unless it has become the object
                file.unlink()

    def _found(self, request: web.Request, parts: list[str]) -> StoredObject:
        found = self._buckets.get(parts[0], parts[2], _number(request.query, "generation"))
        conditions_of(request.query).check(found)
        return found

    def _shown(self, found: StoredObject) -> dict[str, Any]:
        sums = self._checksums.of(found)
        moment = f"{datetime.fromtimestamp(found.generation / 10**9, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        kind, _ = mimetypes.guess_type(found.name)
        return {
            "kind": "storage#object",
            "id": f"{found.bucket}/{found.name}/{found.generation}",
            "selfLink": f"{_PREFIX}/{found.bucket}/o/{quote(found.name, safe='')}",
            "name": found.name,
            "bucket": found.bucket,
            "generation": str(found.generation),
            "metageneration": "1",
            "contentType": kind or "application/octet-stream",
            "storageClass": "STANDARD",
            "size": str(found.size),
            "md5Hash": sums.md5,
            "crc32c": sums.crc32c,
            "etag": sums.crc32c,
            "timeCreated": moment,
            "updated": moment,
        }


def conditions_of(query: Mapping[str, str]) -> Conditions:
    """The conditions that a call names."""
    return Conditions(_number(query, "ifGenerationMatch"), _number(query, "ifGenerationNotMatch"))


def _number(query: Mapping[str, str], name: str) -> int | None:
    told = query.get(name, "")
    return int(told) if told.isdecimal() else None


def _bucket(name: str) -> dict[str, Any]:
    shown = {"kind": "storage#bucket", "id": name, "name": name, "location": "US"}
    return shown | {"storageClass": "STANDARD", "selfLink": f"{_PREFIX}/{name}"}


async def _document(request: web.Request) -> Mapping[str, Any]:
    try:
        document = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"Parse Error: {error}") from error
    if not isinstance(document, dict):
        raise Refusal(400, "Parse Error")
    return document
